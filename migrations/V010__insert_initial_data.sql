-- What every installation needs before its first request: a team that unassigned work goes to, the
-- user in whose name the engine acts, and a project for tasks of their own. Demo data is not a migration.

INSERT INTO synergyflow_users.teams (team_id, name) VALUES ('service-desk', 'Service desk');

INSERT INTO synergyflow_users.users (user_id, email, name, role, team_id)
VALUES ('engine', 'engine@localhost', 'SynergyFlow engine', 'SYSTEM', 'service-desk');

INSERT INTO synergyflow_tasks.projects (project_id, name, description)
VALUES ('PRJ-1', 'General', 'Tasks that belong to no other project');
