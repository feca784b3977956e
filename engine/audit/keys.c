/* See keys.h. */
#include "engine/audit/keys.h"

#include "bpmn/base/memory.h"
#include "bpmn/base/text.h"
#include "engine/base/clock.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 256, DIGITS = 2 * AUDIT_HASH_BYTES };

struct audit_keys {
    char folder[PATH_MAX];
    struct audit_key known[AUDIT_KEYS_MAX];
    uint32_t count;
};

/* ---- hexadecimal ---- */

void audit_hex(const uint8_t *bytes, size_t length, char *ret_text)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < length; i++) {
        ret_text[2 * i] = digits[bytes[i] >> 4];
        ret_text[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret_text[2 * length] = '\0';
}

static int digit(char character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    if (character >= 'a' && character <= 'f')
        return character - 'a' + 10;
    return -1;
}

bool audit_from_hex(const char *text, uint8_t *ret_bytes, size_t length)
{
    if (strlen(text) != 2 * length)
        return false;
    for (size_t i = 0; i < length; i++) {
        int high = digit(text[2 * i]);
        int low = digit(text[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        ret_bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* ---- files ---- */

static bool is_id(const char *text)
{
    size_t length = strlen(text);

    for (const char *at = text; *at != '\0'; at++) {
        if (!isalnum((unsigned char)*at) && *at != '-')
            return false;
    }
    return length > 0 && length <= AUDIT_KEY_ID_MAX;
}

static bool path_of(const char *folder, const char *name, char ret_path[PATH_MAX])
{
    int length = snprintf(ret_path, PATH_MAX, "%s/%s", folder, name);

    return length > 0 && length < PATH_MAX;
}

static enum status trouble(const char *path, const char *what, struct error *ret_error)
{
    return error_set(ret_error, STATUS_FAILED, "Expected to %s the file %.300s but: %s.", what,
                     path, strerror(errno));
}

/* The file's one line, without its end. STATUS_NOT_FOUND: there is no such file. */
static enum status read_line(const char *path, bool is_secret, char ret_line[FILE_BYTES_MAX],
                             struct error *ret_error)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat facts;
    ssize_t length;

    if (file < 0 && errno == ENOENT)
        return error_set(ret_error, STATUS_NOT_FOUND, "Expected a file %.300s but there is none.",
                         path);
    if (file < 0 || fstat(file, &facts) != 0) {
        enum status status = trouble(path, "read", ret_error);

        if (file >= 0)
            (void)close(file);
        return status;
    }
    length = read(file, ret_line, FILE_BYTES_MAX - 1);
    (void)close(file);
    if (length < 0)
        return trouble(path, "read", ret_error);
    if (is_secret && (facts.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return error_set(ret_error, STATUS_FAILED,
                         "Expected the key file %.300s to be readable by its owner only but found "
                         "mode %03o: chmod 600.",
                         path, (unsigned)(facts.st_mode & 0777));
    ret_line[length] = '\0';
    ret_line[strcspn(ret_line, "\r\n")] = '\0';
    return STATUS_OK;
}

/* Beside its place, on the disk, then in its place. */
static enum status write_line(const char *folder, const char *name, const char *line,
                              struct error *ret_error)
{
    char path[PATH_MAX];
    char beside[PATH_MAX + 8];
    size_t length = strlen(line);
    int file;
    bool written;

    if (!path_of(folder, name, path))
        return error_set(ret_error, STATUS_INVALID, "Expected a shorter path than %.300s/%s.",
                         folder, name);
    (void)snprintf(beside, sizeof(beside), "%s.new", path);
    file = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0)
        return trouble(beside, "write", ret_error);
    written = write(file, line, length) == (ssize_t)length && write(file, "\n", 1) == 1 &&
              fsync(file) == 0;
    if (close(file) != 0 || !written || rename(beside, path) != 0)
        return trouble(path, "write", ret_error);
    file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0 || fsync(file) != 0) {
        enum status status = trouble(folder, "write to disk", ret_error);

        if (file >= 0)
            (void)close(file);
        return status;
    }
    (void)close(file);
    return STATUS_OK;
}

/* ---- keys ---- */

bool audit_keys_exist(const char *folder)
{
    char path[PATH_MAX];

    return path_of(folder, "current", path) && access(path, F_OK) == 0;
}

enum status audit_keys_rotate(const char *folder, char ret_id[AUDIT_KEY_ID_MAX + 1],
                              struct error *ret_error)
{
    uint8_t bytes[AUDIT_HASH_BYTES];
    uint8_t suffix[4];
    char digits[DIGITS + 1];
    char suffix_digits[2 * sizeof(suffix) + 1];
    char name[AUDIT_KEY_ID_MAX + 8];
    time_t now_s = (time_t)(clock_wall_us() / 1000000);
    struct tm day;
    enum status status;

    if (mkdir(folder, S_IRWXU) != 0 && errno != EEXIST)
        return trouble(folder, "make", ret_error);
    if (RAND_bytes(bytes, sizeof(bytes)) != 1 || RAND_bytes(suffix, sizeof(suffix)) != 1)
        return error_set(ret_error, STATUS_INTERNAL, "Expected random bytes but found none.");
    audit_hex(bytes, sizeof(bytes), digits);
    audit_hex(suffix, sizeof(suffix), suffix_digits);
    (void)gmtime_r(&now_s, &day);
    (void)snprintf(ret_id, AUDIT_KEY_ID_MAX + 1, "%04d%02d%02d-%s", day.tm_year + 1900,
                   day.tm_mon + 1, day.tm_mday, suffix_digits);
    (void)snprintf(name, sizeof(name), "%s.key", ret_id);
    status = write_line(folder, name, digits, ret_error);
    if (status == STATUS_OK)
        status = write_line(folder, "current", ret_id, ret_error);
    OPENSSL_cleanse(bytes, sizeof(bytes));
    OPENSSL_cleanse(digits, sizeof(digits));
    return status;
}

enum status audit_keys_open(const char *folder, struct audit_keys **ret_keys,
                            struct error *ret_error)
{
    struct audit_keys *keys = memory_zero(1, sizeof(*keys));
    const struct audit_key *key;
    enum status status;

    (void)snprintf(keys->folder, sizeof(keys->folder), "%s", folder);
    status = audit_keys_current(keys, &key, ret_error);
    if (status != STATUS_OK) {
        audit_keys_free(keys);
        return error_prefix(ret_error, "audit keys (`synergyflow audit rotate` makes one)");
    }
    *ret_keys = keys;
    return STATUS_OK;
}

void audit_keys_free(struct audit_keys *keys)
{
    if (keys == NULL)
        return;
    OPENSSL_cleanse(keys, sizeof(*keys));
    memory_free(keys);
}

static enum status load(struct audit_keys *keys, const char *id, struct error *ret_error)
{
    char path[PATH_MAX];
    char name[AUDIT_KEY_ID_MAX + 8];
    char line[FILE_BYTES_MAX];
    struct audit_key *key = &keys->known[keys->count];
    enum status status;

    if (!is_id(id))
        return error_set(ret_error, STATUS_INVALID,
                         "Expected a key's id of letters, digits and '-', %d at most, but found "
                         "'%.80s'.",
                         AUDIT_KEY_ID_MAX, id);
    if (keys->count == AUDIT_KEYS_MAX)
        return error_set(ret_error, STATUS_TOO_LARGE, "Expected %d keys at most.", AUDIT_KEYS_MAX);
    (void)snprintf(name, sizeof(name), "%s.key", id);
    if (!path_of(keys->folder, name, path))
        return error_set(ret_error, STATUS_INVALID, "Expected a shorter path than %.300s/%s.",
                         keys->folder, name);
    status = read_line(path, true, line, ret_error);
    if (status == STATUS_OK && !audit_from_hex(line, key->bytes, sizeof(key->bytes)))
        status =
            error_set(ret_error, STATUS_INVALID,
                      "Expected the key file %.300s to hold %d hexadecimal digits.", path, DIGITS);
    OPENSSL_cleanse(line, sizeof(line));
    if (status != STATUS_OK)
        return status;
    (void)snprintf(key->id, sizeof(key->id), "%s", id);
    keys->count++;
    return STATUS_OK;
}

enum status audit_keys_find(struct audit_keys *keys, const char *id,
                            const struct audit_key **ret_key, struct error *ret_error)
{
    for (uint32_t i = 0; i < keys->count; i++) {
        if (strcmp(keys->known[i].id, id) == 0) {
            *ret_key = &keys->known[i];
            return STATUS_OK;
        }
    }
    if (load(keys, id, ret_error) != STATUS_OK)
        return ret_error->status;
    *ret_key = &keys->known[keys->count - 1];
    return STATUS_OK;
}

enum status audit_keys_current(struct audit_keys *keys, const struct audit_key **ret_key,
                               struct error *ret_error)
{
    char path[PATH_MAX];
    char id[FILE_BYTES_MAX];

    if (!path_of(keys->folder, "current", path))
        return error_set(ret_error, STATUS_INVALID, "Expected a shorter path than %.300s.",
                         keys->folder);
    if (read_line(path, false, id, ret_error) != STATUS_OK)
        return ret_error->status;
    return audit_keys_find(keys, id, ret_key, ret_error);
}

/* ---- head ---- */

enum status audit_keys_read_head(const struct audit_keys *keys, struct audit_head *ret_head,
                                 struct error *ret_error)
{
    char path[PATH_MAX];
    char line[FILE_BYTES_MAX];
    char digits[DIGITS + 1];
    struct audit_head head = {0};
    enum status status;

    if (!path_of(keys->folder, "head", path))
        return error_set(ret_error, STATUS_INVALID, "Expected a shorter path than %.300s.",
                         keys->folder);
    status = read_line(path, false, line, ret_error);
    if (status == STATUS_NOT_FOUND) {
        *ret_head = head;
        return STATUS_OK;
    }
    if (status != STATUS_OK)
        return status;
    if (sscanf(line, "%" SCNd64 " %64[0-9a-f]", &head.seal_id, digits) != 2 || head.seal_id < 1 ||
        !audit_from_hex(digits, head.chain, sizeof(head.chain)))
        return error_set(ret_error, STATUS_INVALID,
                         "Expected the file %.300s to hold a seal's number and its chain value.",
                         path);
    *ret_head = head;
    return STATUS_OK;
}

enum status audit_keys_write_head(const struct audit_keys *keys, const struct audit_head *head,
                                  struct error *ret_error)
{
    char line[FILE_BYTES_MAX];
    char digits[DIGITS + 1];

    audit_hex(head->chain, sizeof(head->chain), digits);
    (void)snprintf(line, sizeof(line), "%" PRId64 " %s", head->seal_id, digits);
    return write_line(keys->folder, "head", line, ret_error);
}
