/* The program: see engine/cli/cli.h. */
#include "engine/cli/cli.h"

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
