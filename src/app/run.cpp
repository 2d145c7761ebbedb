// `strongroom run`. SPDX-License-Identifier: Apache-2.0
#include "app/call.h"
#include "app/housing.h"
#include "app/runner.h"
#include "app/session_start.h"
#include "io/process/process.h"

namespace strongroom::app {
namespace {

/// The record names a runtime as people do, not by where it lies.
std::string file_name_of(const std::string& runtime) {
  constexpr std::size_t kLongest = 32;
  return runtime.substr(runtime.rfind('/') + 1).substr(0, kLongest);
}

Result<SessionStart> start_session(ControlClient& client, const RunOptions& options) {
  STRONGROOM_TRY(json::object body, session_body(options, file_name_of(options.runtime)));
  if (needs_socket(options)) body["socket"] = true;
  STRONGROOM_TRY(const auto answer, client.post("/api/v1/sessions", body));
  STRONGROOM_TRY(SessionStart start, read_start(answer));
  if (start.gateway.empty() || (options.proxies && start.authority_pem.empty()))
    return fail(Code::Unsupported,
                "the server is older than this program: it does not say what a runner needs");
  return start;
}

}  // namespace

int run_workroom(const Common& common, const RunOptions& options) {
  if (options.command.empty() && !is_container(options))
    return report(
        Error(Code::Invalid,
              "no command: write it after --, as in 'strongroom run ... -- python3 agent.py'"));
  if (options.services.empty() && options.skills.empty())
    return report(Error(Code::Invalid, "a workroom needs at least one --service or --skill"));
  if (const auto flags = check_container_flags(options); !flags) return report(flags.error());
  if (const auto user = NarrowInjection::parse_user(options.exec_user); !user)
    return report(user.error());
  if (!options.exec_user.empty() && options.inject != "exec")
    return report(Error(Code::Invalid, "--exec-user is of use with --inject exec only"));
  if (const auto confined = io::confine_this_process(); !confined) return report(confined.error());
  auto server = find_server(common.data);
  if (!server) return report(server.error());
  ControlClient client(std::move(*server));
  auto start = start_session(client, options);
  if (!start) return report(start.error());
  auto supervision = Supervision::begin(start->session, client.server());
  if (!supervision) return report(supervision.error());
  Runner runner(std::move(client), std::move(*start), std::move(*supervision), options);
  return runner.run();
}

}  // namespace strongroom::app
