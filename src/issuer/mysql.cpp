// MariaDB and MySQL: a user a session. Statements of accounts are no transactions there: what is
// half made is destroyed like what is whole. SPDX-License-Identifier: Apache-2.0
#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <charconv>
#include <memory>
#include <thread>

#include "issuer/work.h"

namespace strongroom::issuer {
namespace {

using dynamic::Job;
using dynamic::Outcome;

struct Close {
  void operator()(MYSQL* connection) const { mysql_close(connection); }
  void operator()(MYSQL_RES* result) const { mysql_free_result(result); }
};

class Mysql {
 public:
  Status connect(const Job& job);
  Status run(const std::string& statement);
  Status run_several(const std::string& statements);
  Result<std::vector<std::string>> ask(const std::string& statement);
  [[nodiscard]] std::string literal(const std::string& text) const;
  [[nodiscard]] unsigned number_of_error() const { return mysql_errno(connection_.get()); }
  [[nodiscard]] bool is_mariadb() const {
    return std::string_view(mysql_get_server_info(connection_.get())).find("MariaDB") !=
           std::string_view::npos;
  }

 private:
  std::unexpected<Error> refused() const {
    return fail(Code::Refused,
                "the database refused with error " + std::to_string(number_of_error()));
  }
  void set_tls(const Job& job);
  std::unique_ptr<MYSQL, Close> connection_;
  std::string authorities_;
};

/// As libpq's modes of the same names; nothing is tried without where TLS is asked for.
void Mysql::set_tls(const Job& job) {
  const std::string& mode = job.setting("sslmode");
  if (mode == "disable") return;
  const my_bool yes = 1;
  const my_bool is_verified = mode == "require" ? 0 : 1;
  if (is_verified != 0) authorities_ = trusted_file(job.trusted_pem);
  mysql_optionsv(connection_.get(), MYSQL_OPT_SSL_ENFORCE, &yes);
  mysql_optionsv(connection_.get(), MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &is_verified);
  // Without a file the library would look nowhere and verify nothing: a name that is not there
  // fails.
  if (is_verified != 0)
    mysql_optionsv(connection_.get(), MYSQL_OPT_SSL_CA,
                   authorities_.empty() ? "/nonexistent" : authorities_.c_str());
}

Status Mysql::connect(const Job& job) {
  connection_.reset(mysql_init(nullptr));
  if (connection_ == nullptr) return fail(Code::Internal, "no memory for the database's client");
  const unsigned connect_seconds = kConnectSeconds;
  const unsigned statement_seconds = kStatementSeconds;
  const unsigned no_files = 0;
  mysql_optionsv(connection_.get(), MYSQL_OPT_CONNECT_TIMEOUT, &connect_seconds);
  mysql_optionsv(connection_.get(), MYSQL_OPT_READ_TIMEOUT, &statement_seconds);
  mysql_optionsv(connection_.get(), MYSQL_OPT_WRITE_TIMEOUT, &statement_seconds);
  // A server may else ask its client for any file.
  mysql_optionsv(connection_.get(), MYSQL_OPT_LOCAL_INFILE, &no_files);
  set_tls(job);
  unsigned port = 0;
  const std::string& text = job.setting("port");
  std::from_chars(text.data(), text.data() + text.size(), port);
  // "localhost" would be a Unix socket to the library.
  const std::string host = job.setting("host") == "localhost" ? "127.0.0.1" : job.setting("host");
  Secret password = Secret::of_size(job.credential.size() + 1);
  password.reveal_mutable([&](MutableBytes out) {
    job.credential.reveal([&](ByteView from) { std::copy(from.begin(), from.end(), out.begin()); });
  });
  const bool is_connected = password.reveal([&](ByteView octets) {
    return mysql_real_connect(connection_.get(), host.c_str(), job.setting("user").c_str(),
                              text_of(octets).data(), job.setting("database").c_str(), port,
                              nullptr, 0) != nullptr;
  });
  if (is_connected) return {};
  return fail(Code::Unavailable,
              "the database server at " + job.setting("host") + ":" + text +
                  " could not be reached, or does not take the key and its sslmode (error " +
                  std::to_string(number_of_error()) + ")");
}

Status Mysql::run(const std::string& statement) {
  if (mysql_real_query(connection_.get(), statement.data(), statement.size()) != 0)
    return refused();
  return {};
}

Status Mysql::run_several(const std::string& statements) {
  if (statements.find_first_not_of(" \t\n;") == std::string::npos) return {};
  if (mysql_set_server_option(connection_.get(), MYSQL_OPTION_MULTI_STATEMENTS_ON) != 0)
    return refused();
  STRONGROOM_CHECKED(run(statements));
  for (;;) {
    const std::unique_ptr<MYSQL_RES, Close> unused(mysql_store_result(connection_.get()));
    if (number_of_error() != 0) return refused();
    const int next = mysql_next_result(connection_.get());
    if (next < 0) return {};
    if (next > 0) return refused();
  }
}

Result<std::vector<std::string>> Mysql::ask(const std::string& statement) {
  STRONGROOM_CHECKED(run(statement));
  const std::unique_ptr<MYSQL_RES, Close> result(mysql_store_result(connection_.get()));
  if (result == nullptr) return refused();
  std::vector<std::string> out;
  while (MYSQL_ROW row = mysql_fetch_row(result.get()))
    if (row[0] != nullptr) out.emplace_back(row[0]);
  return out;
}

std::string Mysql::literal(const std::string& text) const {
  std::string out(text.size() * 2 + 1, '\0');
  out.resize(mysql_real_escape_string(connection_.get(), out.data(), text.data(), text.size()));
  return "'" + out + "'";
}

Status make_user(Mysql& mysql, const Job& job) {
  const std::string user = mysql.literal(job.name) + "@'%'";
  const std::string verifier = mysql.literal(job.verifier);
  STRONGROOM_TRY(const std::string granting,
                 dynamic::fill_template(job.setting("template"),
                                        {user, verifier, mysql.literal(to_rfc3339(job.expires))}));
  STRONGROOM_CHECKED(
      mysql.run("CREATE USER " + user +
                (mysql.is_mariadb() ? " IDENTIFIED BY PASSWORD " + verifier
                                    : " IDENTIFIED WITH mysql_native_password AS " + verifier)));
  if (const auto& parent = job.setting("grant_role"); !parent.empty()) {
    const std::string role = mysql.literal(parent);
    STRONGROOM_CHECKED(mysql.run("GRANT " + role + " TO " + user));
    STRONGROOM_CHECKED(mysql.run(mysql.is_mariadb() ? "SET DEFAULT ROLE " + role + " FOR " + user
                                                    : "SET DEFAULT ROLE " + role + " TO " + user));
  }
  return mysql.run_several(granting);
}

Status end_connections(Mysql& mysql, const Job& job) {
  const auto limit = std::chrono::steady_clock::now() + kLeave;
  for (;;) {
    STRONGROOM_TRY(const auto connections,
                   mysql.ask("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = " +
                             mysql.literal(job.name)));
    if (connections.empty()) return {};
    if (std::chrono::steady_clock::now() > limit)
      return fail(Code::Timeout, "its connections to the database did not end");
    for (const auto& id : connections) (void)mysql.run("KILL CONNECTION " + id);
    std::this_thread::sleep_for(kLook);
  }
}

Outcome destroy(Mysql& mysql, const Job& job) {
  const std::string user = mysql.literal(job.name) + "@'%'";
  Status destroyed = mysql.run("ALTER USER " + user + " ACCOUNT LOCK");
  // "Operation ... failed" is what is said of a user that is not there.
  const bool was_there = destroyed || mysql.number_of_error() != ER_CANNOT_USER;
  if (!destroyed && was_there) return failed(destroyed.error().code, destroyed.error().message);
  destroyed = end_connections(mysql, job);
  if (destroyed) destroyed = mysql.run("DROP USER IF EXISTS " + user);
  // One that was just logging in.
  if (destroyed) destroyed = end_connections(mysql, job);
  if (!destroyed) return failed(destroyed.error().code, destroyed.error().message);
  return done(was_there);
}

}  // namespace

Outcome work_at_mysql(const Job& job) {
  Mysql mysql;
  if (const auto connected = mysql.connect(job); !connected)
    return failed(connected.error().code, connected.error().message,
                  job.action == dynamic::Action::Destroy);
  if (job.action == dynamic::Action::Destroy) return destroy(mysql, job);
  if (const auto made = make_user(mysql, job); !made)
    return failed(made.error().code, "the user could not be made: " + made.error().message);
  return done(true);
}

}  // namespace strongroom::issuer
