// What a workroom's supervisor starts where the vault is reached over TLS, which it does not speak
// itself. SPDX-License-Identifier: Apache-2.0
#include "app/call.h"
#include "base/json.h"
#include "io/process/process.h"
#include "workroom/supervision_record.h"

namespace strongroom::app {
namespace {

Status tell(const std::string& folder) {
  workroom::SupervisionRecord record;
  std::string text;
  if (!workroom::read_record(folder, record) || !workroom::read_report(folder, text))
    return fail(Code::Storage, "there is no whole report in " + folder);
  STRONGROOM_TRY(const auto body, parse_json(text));
  if (!body.is_object()) return fail(Code::Storage, "the report in " + folder + " is none");
  Server server;
  server.host = record.server_name;
  server.token = record.credential;
  server.is_secure = true;
  server.ca_pem = workroom::read_roots(folder);
  ControlClient client(std::move(server));
  STRONGROOM_CHECKED(client.post(path_of("sessions", record.session, "report"), body.get_object()));
  return {};
}

/// A vault that does not know the session, or wants no more of it, is not asked again.
bool is_settled(const Status& told) {
  return told || told.error().code == Code::NotFound || told.error().code == Code::Unauthorized;
}

}  // namespace

int report_end(const std::string& folder) {
  if (const auto confined = io::confine_this_process(); !confined) return report(confined.error());
  return is_settled(tell(folder)) ? 0 : 1;
}

}  // namespace strongroom::app
