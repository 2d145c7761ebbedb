// PostgreSQL: a role a session. Made in one transaction, so that it is there whole or not at all;
// destroyed by steps that may be repeated. SPDX-License-Identifier: Apache-2.0
#include <libpq-fe.h>
#include <array>
#include <memory>
#include <thread>

#include "issuer/work.h"

namespace strongroom::issuer {
namespace {

using dynamic::Job;
using dynamic::Outcome;

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, Finish>;

class Postgres {
 public:
  /// An empty `database`: the key's own.
  Status connect(const Job& job, const std::string& database);
  Status run(const std::string& statements);
  /// With one parameter; the first column of each row.
  Result<std::vector<std::string>> ask(const char* statement, const std::string& parameter);
  [[nodiscard]] Result<std::string> identifier(const std::string& name) const {
    return quoted(name, PQescapeIdentifier);
  }
  [[nodiscard]] Result<std::string> literal(const std::string& text) const {
    return quoted(text, PQescapeLiteral);
  }

 private:
  using Quote = char* (*)(PGconn*, const char*, std::size_t);
  [[nodiscard]] Result<std::string> quoted(const std::string& text, Quote quote) const;
  /// The five characters that the standard gives to errors: what a server says in words may quote
  /// statements.
  static std::unexpected<Error> refused(const PGresult* result);
  std::unique_ptr<PGconn, Finish> connection_;
};

Status Postgres::connect(const Job& job, const std::string& database) {
  const std::string mode = job.setting("sslmode").empty() ? "verify-full" : job.setting("sslmode");
  const std::string authorities = mode.starts_with("verify") ? trusted_file(job.trusted_pem) : "";
  const std::string timeout = std::to_string(kConnectSeconds);
  // Nothing that a session may have made is found by the names we use.
  std::string options = "-c statement_timeout=" + std::to_string(kStatementSeconds) + "s";
  if (job.action == dynamic::Action::Destroy)
    options += " -c search_path=pg_catalog -c lock_timeout=5s";
  const std::string& name = database.empty() ? job.setting("database") : database;
  // The C library takes the password as text that ends with a zero.
  Secret password = Secret::of_size(job.credential.size() + 1);
  password.reveal_mutable([&](MutableBytes out) {
    job.credential.reveal([&](ByteView from) { std::copy(from.begin(), from.end(), out.begin()); });
  });
  password.reveal([&](ByteView octets) {
    const std::array<const char*, 15> names = {
        "host",    "port",        "user",       "password",         "dbname",
        "sslmode", "sslrootcert", "passfile",   "options",          "connect_timeout",
        "sslcert", "sslkey",      "gssencmode", "application_name", nullptr};
    const std::array<const char*, 15> values = {job.setting("host").c_str(),
                                                job.setting("port").c_str(),
                                                job.setting("user").c_str(),
                                                text_of(octets).data(),
                                                name.c_str(),
                                                mode.c_str(),
                                                authorities.c_str(),
                                                "/dev/null",
                                                options.c_str(),
                                                timeout.c_str(),
                                                "",
                                                "",
                                                "disable",
                                                "strongroom",
                                                nullptr};
    connection_.reset(PQconnectdbParams(names.data(), values.data(), 0));
  });
  if (connection_ != nullptr && PQstatus(connection_.get()) == CONNECTION_OK) {
    // What a server remarks goes nowhere.
    PQsetNoticeReceiver(connection_.get(), [](void*, const PGresult*) {}, nullptr);
    return {};
  }
  return fail(Code::Unavailable,
              "the database server at " + job.setting("host") + ":" + job.setting("port") +
                  " could not be reached, or does not take the key and its sslmode " + mode);
}

Result<std::string> Postgres::quoted(const std::string& text, Quote quote) const {
  const std::unique_ptr<char, void (*)(void*)> done(
      quote(connection_.get(), text.data(), text.size()), PQfreemem);
  if (done == nullptr) return fail(Code::Invalid, "a name cannot be quoted for the database");
  return std::string(done.get());
}

std::unexpected<Error> Postgres::refused(const PGresult* result) {
  const char* state = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return fail(Code::Refused, state == nullptr
                                 ? std::string("the connection to the database was lost")
                                 : "the database refused with SQLSTATE " + std::string(state));
}

Status Postgres::run(const std::string& statements) {
  const Answer answer(PQexec(connection_.get(), statements.c_str()));
  const auto status = PQresultStatus(answer.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY)
    return {};
  return refused(answer.get());
}

Result<std::vector<std::string>> Postgres::ask(const char* statement,
                                               const std::string& parameter) {
  const char* value = parameter.c_str();
  const Answer answer(
      PQexecParams(connection_.get(), statement, 1, nullptr, &value, nullptr, nullptr, 0));
  if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK) return refused(answer.get());
  std::vector<std::string> out;
  for (int row = 0; row < PQntuples(answer.get()); ++row)
    out.emplace_back(PQgetvalue(answer.get(), row, 0));
  return out;
}

// ------------------------------------------------------------------------------------------------
// making

/// Empty when there is no such role.
Result<std::vector<std::string>> role_number(Postgres& postgres, const Job& job) {
  return postgres.ask("SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $1::name", job.name);
}

Result<std::string> statements_of(const Postgres& postgres, const Job& job) {
  dynamic::Parameters parameters;
  STRONGROOM_TRY(parameters.role, postgres.identifier(job.name));
  STRONGROOM_TRY(parameters.password, postgres.literal(job.verifier));
  STRONGROOM_TRY(parameters.expires, postgres.literal(to_rfc3339(job.expires)));
  std::string text = "CREATE ROLE " + parameters.role + " LOGIN PASSWORD " + parameters.password +
                     " VALID UNTIL " + parameters.expires + ";";
  // An administrator that is no superuser may so give away what the role owns, and end its
  // backends.
  text += "GRANT " + parameters.role + " TO CURRENT_USER;";
  if (const auto& parent = job.setting("grant_role"); !parent.empty()) {
    STRONGROOM_TRY(const std::string quoted, postgres.identifier(parent));
    text += "GRANT " + quoted + " TO " + parameters.role + ";";
  }
  STRONGROOM_TRY(const std::string granting,
                 dynamic::fill_template(job.setting("template"), parameters));
  return text + granting;
}

Outcome make(Postgres& postgres, const Job& job) {
  const auto statements = statements_of(postgres, job);
  if (!statements) return failed(statements.error().code, statements.error().message, false);
  Status made = postgres.run("BEGIN");
  if (made) made = postgres.run(*statements);
  if (!made) {
    // A template may have committed by itself: only what the server says now is certain.
    (void)postgres.run("ROLLBACK");
    const auto found = role_number(postgres, job);
    return failed(Code::Refused, "the role could not be made: " + made.error().message,
                  !found || !found->empty());
  }
  if (const auto committed = postgres.run("COMMIT"); !committed)
    return failed(Code::Unavailable, "nobody knows whether the role was made");
  return done(true);
}

// ------------------------------------------------------------------------------------------------
// destroying

/// Ends what is logged in by it, until nobody is. By its number, which no other role gets.
Status end_backends(Postgres& postgres, const std::string& role) {
  const auto limit = std::chrono::steady_clock::now() + kLeave;
  for (;;) {
    STRONGROOM_TRY(const auto ended,
                   postgres.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                                "WHERE usesysid = $1::oid",
                                role));
    if (ended.empty()) return {};
    if (std::chrono::steady_clock::now() > limit)
      return fail(Code::Timeout, "its connections to the database did not end");
    std::this_thread::sleep_for(kLook);
  }
}

/// What it owns in the database we are in: to the administrator, or away. Grants to it go too.
Status take_owned(Postgres& postgres, const std::string& role, bool drops) {
  if (drops && postgres.run("DROP OWNED BY " + role)) return {};
  // What others have built upon is not dropped with it.
  STRONGROOM_CHECKED(postgres.run("REASSIGN OWNED BY " + role + " TO CURRENT_USER"));
  return postgres.run("DROP OWNED BY " + role);
}

Status take_owned_everywhere(Postgres& postgres, const Job& job, const std::string& number,
                             const std::string& role) {
  const bool drops = job.setting("owned") == "drop";
  STRONGROOM_TRY(const auto databases,
                 postgres.ask("SELECT DISTINCT d.datname FROM pg_shdepend s JOIN pg_database d "
                              "ON d.oid = s.dbid WHERE s.refobjid = $1::oid AND "
                              "d.datname <> current_database()",
                              number));
  for (const auto& database : databases) {
    Postgres other;
    STRONGROOM_CHECKED(other.connect(job, database));
    STRONGROOM_CHECKED(take_owned(other, role, drops));
  }
  return take_owned(postgres, role, drops);
}

Status destroy_role(Postgres& postgres, const Job& job, const std::string& number) {
  STRONGROOM_TRY(const std::string role, postgres.identifier(job.name));
  STRONGROOM_CHECKED(postgres.run("ALTER ROLE " + role + " NOLOGIN"));
  // It may have taken this away from us.
  (void)postgres.run("GRANT " + role + " TO CURRENT_USER");
  STRONGROOM_CHECKED(end_backends(postgres, number));
  STRONGROOM_CHECKED(take_owned_everywhere(postgres, job, number, role));
  STRONGROOM_CHECKED(postgres.run("DROP ROLE " + role));
  // One that was just logging in.
  return end_backends(postgres, number);
}

Outcome destroy(Postgres& postgres, const Job& job) {
  const auto found = role_number(postgres, job);
  if (!found) return failed(found.error().code, found.error().message);
  if (found->empty()) return done(false);
  const auto destroyed = destroy_role(postgres, job, found->front());
  if (!destroyed) return failed(destroyed.error().code, destroyed.error().message);
  return done(true);
}

}  // namespace

Outcome work_at_postgres(const Job& job) {
  Postgres postgres;
  if (const auto connected = postgres.connect(job, {}); !connected)
    return failed(connected.error().code, connected.error().message,
                  job.action == dynamic::Action::Destroy);
  return job.action == dynamic::Action::Make ? make(postgres, job) : destroy(postgres, job);
}

}  // namespace strongroom::issuer
