// `strongroom attach`: the runner of a workroom that a platform starts. All it has is a ticket,
// which it uses up, and what it is given for it: the right to attach to that one session.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "app/call.h"
#include "app/housing.h"
#include "app/runner.h"
#include "app/started_session.h"
#include "app/supervision.h"
#include "app/tickets.h"
#include "io/process/process.h"

namespace strongroom::app {
namespace {

Status check(const RunOptions& options) {
  const auto& socket = options.attach.socket;
  if (socket.empty() == options.command.empty())
    return fail(Code::Invalid,
                "either --socket PATH, for the strongroom-init of another container, or a command "
                "after --");
  if (!socket.empty() && (!socket.starts_with('/') || socket.ends_with('/')))
    return fail(Code::Invalid, "--socket is an absolute path");
  if (socket.empty() && (options.attach.user || options.attach.wait_seconds != 600))
    return fail(Code::Invalid, "--user and --wait are of use with --socket only");
  if (!socket.empty() && (options.inject == "exec" || options.has_terminal))
    return fail(Code::Invalid,
                "--inject exec and --tty are for a command of our own, after --, not for --socket");
  if (const auto user = NarrowInjection::parse_user(options.exec_user); !user)
    return std::unexpected(user.error());
  if (!options.exec_user.empty() && options.inject != "exec")
    return fail(Code::Invalid, "--exec-user is of use with --inject exec only");
  return {};
}

/// The session that the ticket is for; the credential takes the ticket's place at the client.
Result<SessionStart> use_ticket(Server& server, const AttachOptions& options) {
  STRONGROOM_TRY(server.token, read_ticket(options.ticket_file));
  ControlClient client(server);
  const json::object body{{"runner", true}};
  STRONGROOM_TRY(const auto answer, client.post("/api/v1/tickets/use", body));
  STRONGROOM_TRY(auto start, read_start(answer));
  server.token = std::exchange(start.runner_credential, {});
  if (server.token.empty())
    return fail(Code::Unsupported, "the server is older than this program: it takes no runner");
  return start;
}

}  // namespace

int attach(const Common& common, RunOptions options) {
  options.runtime = options.attach.socket.empty() ? "process" : kAttached;
  if (const auto right = check(options); !right) return report(right.error());
  if (const auto confined = io::confine_this_process(); !confined) return report(confined.error());
  auto server = find_server(common.data, Needs::NoToken);
  if (!server) return report(server.error());
  if (!server->is_private())
    return report(Error(Code::Invalid,
                        "keys do not travel in the clear: STRONGROOM_URL must begin with https:// "
                        "where the server is on another machine"));
  auto start = use_ticket(*server, options.attach);
  if (!start) return report(start.error());
  auto supervision = options.attach.socket.empty() ? Supervision::begin(start->session, *server)
                                                   : Supervision::none();
  if (!supervision) return report(supervision.error());
  Runner runner(ControlClient(std::move(*server)), std::move(*start), std::move(*supervision),
                options);
  return runner.run();
}

}  // namespace strongroom::app
