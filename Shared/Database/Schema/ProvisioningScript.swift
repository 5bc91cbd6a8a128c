extension Provisioner {
  /// Holds the functions that act with the administrator's rights. No service can have this name.
  static let schema = "_provision"

  /// The function that makes roles of a service's entities.
  static func ensureFunction(of roles: RoleNames) -> String { "ensure_entity_role_of_\(roles.service)" }
}

/// The statements that provision a database; each may run again.
enum ProvisioningScript {
  /// Closes what PostgreSQL leaves open to everybody.
  static func database(_ name: String) throws(DatabaseError) -> String {
    """
    select pg_advisory_xact_lock(hashtextextended('rapport provisioning', 0));
    revoke all on database \(try quoted(name)) from public;
    revoke all on schema public from public;
    create schema if not exists \(Provisioner.schema);
    revoke all on schema \(Provisioner.schema) from public;

    """
  }

  /// A service's roles, schema and functions.
  static func service(
    _ roles: RoleNames, database: String, loginVerifier: String, ddlVerifier: String
  ) throws(DatabaseError) -> String {
    try create(roles.owner) + create(roles.worker) + create(roles.entities) + create(roles.login) + create(roles.ddl)
      + logins(roles, database, loginVerifier: loginVerifier, ddlVerifier: ddlVerifier)
      + schema(roles) + ensureEntityRole(roles) + currentEntity(roles)
  }

  private static func create(_ role: String) throws(DatabaseError) -> String {
    """
    do $do$ begin
      if not exists (select from pg_roles where rolname = \(try literal(role))) then
        create role \(try quoted(role)) nologin noinherit;
      end if;
    exception when duplicate_object or unique_violation then
      null;  -- made at this moment, with another database of the cluster
    end $do$;

    """
  }

  private static func logins(
    _ roles: RoleNames, _ database: String, loginVerifier: String, ddlVerifier: String
  ) throws(DatabaseError) -> String {
    let (login, ddl) = (try quoted(roles.login), try quoted(roles.ddl))
    return """
      alter role \(login) login noinherit password \(try literal(loginVerifier));
      alter role \(ddl) login noinherit password \(try literal(ddlVerifier));
      -- Temporary objects last, so that none can stand in for a table or function of the schema.
      alter role \(login) set search_path = \(try quoted(roles.schema)), pg_temp;
      alter role \(ddl) set search_path = \(try quoted(roles.schema)), pg_temp;
      grant connect on database \(try quoted(database)) to \(login), \(ddl);
      grant \(try quoted(roles.worker)) to \(login);
      grant \(try quoted(roles.owner)) to \(ddl);

      """
  }

  private static func schema(_ roles: RoleNames) throws(DatabaseError) -> String {
    let (schema, owner) = (try quoted(roles.schema), try quoted(roles.owner))
    return """
      do $do$ begin
        if not (select rolsuper from pg_roles where rolname = current_user) then
          execute format('grant %I to %I', \(try literal(roles.owner)), current_user);
        end if;
      end $do$;
      create schema if not exists \(schema) authorization \(owner);
      revoke all on schema \(schema) from public;
      grant usage on schema \(schema)
        to \(try quoted(roles.login)), \(try quoted(roles.worker)), \(try quoted(roles.entities)), \(try quoted(roles.ddl));
      alter default privileges for role \(owner) revoke execute on functions from public;

      """
  }

  /// The one thing that the login of schema operations may do with the administrator's rights.
  private static func ensureEntityRole(_ roles: RoleNames) throws(DatabaseError) -> String {
    let function = "\(Provisioner.schema).\(try quoted(Provisioner.ensureFunction(of: roles)))"
    let ddl = try quoted(roles.ddl)
    return """
      create or replace function \(function)(number bigint) returns void
      language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
      declare
        role constant text := \(try literal(roles.entity(0).dropLastCharacter)) || number;
      begin
        if session_user <> \(try literal(roles.ddl)) then
          raise insufficient_privilege using message = 'Only the login of schema operations makes roles of entities.';
        end if;
        if number is null or number < 1 then
          raise invalid_parameter_value using message = 'The number of an entity is 1 or more.';
        end if;
        if not exists (select from pg_roles where rolname = role) then
          begin
            execute format('create role %I nologin inherit', role);
          exception when duplicate_object or unique_violation then
            null;  -- made at this moment by another copy
          end;
        end if;
        if not pg_has_role(role, \(try literal(roles.entities)), 'member') then
          execute format('grant %I to %I', \(try literal(roles.entities)), role);
        end if;
        if not pg_has_role(\(try literal(roles.login)), role, 'member') then
          execute format('grant %I to %I', role, \(try literal(roles.login)));
        end if;
      end $function$;
      revoke all on function \(function)(bigint) from public;
      grant usage on schema \(Provisioner.schema) to \(ddl);
      grant execute on function \(function)(bigint) to \(ddl);

      """
  }

  /// Which entity's role was taken, for policies; null for any other role.
  private static func currentEntity(_ roles: RoleNames) throws(DatabaseError) -> String {
    let function = "\(try quoted(roles.schema)).current_entity"
    let pattern = "^\(roles.entity(0).dropLastCharacter)([0-9]+)$"
    return """
      create or replace function \(function)() returns bigint
      language sql stable parallel safe
      return substring(current_user::text from \(try literal(pattern)))::bigint;
      alter function \(function)() owner to \(try quoted(roles.owner));
      revoke all on function \(function)() from public;
      grant execute on function \(function)() to \(try quoted(roles.worker)), \(try quoted(roles.entities));

      """
  }
}

extension String {
  fileprivate var dropLastCharacter: String { String(dropLast()) }
}
