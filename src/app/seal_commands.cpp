// The commands about seals. SPDX-License-Identifier: Apache-2.0
#include "app/call.h"
#include "app/prompt.h"
#include "base/encoding.h"
#include "io/process/process.h"

namespace strongroom::app {
namespace {

const std::vector<Column> kSeal = {{"KIND", "kind"}, {"DETAIL", "detail"},   {"STATE", "state"},
                                   {"SEEN", "seen"}, {"CREATED", "created"}, {"ID", "id"}};

/// The installation, and where it is open the seals one by one.
Result<json::value> status_of(ControlClient& client) {
  STRONGROOM_TRY(auto installation, client.get("/api/v1/installation"));
  if (!installation.is_object()) return fail(Code::Protocol, "the answer is not understood");
  auto& object = installation.get_object();
  if (readable(object, "seal_state") != "open") return installation;
  STRONGROOM_TRY(object["seals"], client.get("/api/v1/seals"));
  return installation;
}

void print_shares(Format format, const json::object& seal) {
  const auto* shares = seal.if_contains("shares");
  if (shares == nullptr || !shares->is_array() || shares->get_array().empty()) return;
  say(format, "Give each of these to somebody else; they are not shown again:");
  for (const auto& share : shares->get_array())
    if (share.is_string()) say(format, "  " + std::string(share.get_string()));
}

/// Why those fail that do.
void print_failures(Format format, const json::value& seals) {
  if (!seals.is_array()) return;
  for (const auto& each : seals.get_array())
    if (each.is_object() && readable(each.get_object(), "state") == "fails")
      say(format, readable(each.get_object(), "id") + ": " + readable(each.get_object(), "why"));
}

}  // namespace

int seal_status(const Common& common) {
  return with_client(common, status_of, [&](const json::value& answer) {
    print_object(common.format, answer,
                 {{"installation", "id"},
                  {"version", "version"},
                  {"state", "seal_state"},
                  {"seal", "seal"},
                  {"waits for", "waits_for"},
                  {"receipt key", "receipt_public_key"}});
    const auto* seals = answer.get_object().if_contains("seals");
    if (common.format != Format::People || seals == nullptr) return;
    print_list(common.format, *seals, kSeal, "");
    print_failures(common.format, *seals);
  });
}

int seal_add(const Common& common, const SealAddOptions& options) {
  (void)io::confine_this_process();
  json::object body{{"kind", options.kind}};
  if (!options.path.empty()) body["path"] = options.path;
  if (!options.name.empty()) body["name"] = options.name;
  if (options.shares > 0) body["shares"] = options.shares;
  if (options.threshold > 0) body["threshold"] = options.threshold;
  Result<Secret> passphrase = Secret();
  if (options.kind == "passphrase") passphrase = read_line_value("New passphrase");
  if (!passphrase) return report(passphrase.error());
  return with_client(
      common,
      [&](ControlClient& client) {
        return passphrase->is_empty() ? client.post("/api/v1/seals", body)
                                      : client.post_with_value("/api/v1/seals", body, *passphrase);
      },
      [&](const json::value& answer) {
        print_object(common.format, answer, {{"seal", "kind"}, {"detail", "detail"}, {"id", "id"}});
        if (answer.is_object()) print_shares(common.format, answer.get_object());
      });
}

int seal_remove(const Common& common, const std::string& id) {
  return with_client(
      common,
      [&](ControlClient& client) { return client.remove("/api/v1/seals/" + percent_encode(id)); },
      [&](const json::value&) {
        if (common.format == Format::Json) print_object(common.format, json::object(), {});
        say(common.format, "seal " + id + " removed");
      });
}

int unseal(const Common& common, const std::string& kind) {
  (void)io::confine_this_process();
  Result<Secret> value = Secret();
  if (kind == "passphrase") value = read_line_value("Passphrase of the seal");
  if (kind == "share") value = read_line_value("Share");
  if (!value) return report(value.error());
  int exit_code = 0;
  const int failed = with_client(
      common,
      [&](ControlClient& client) {
        return kind.empty() ? client.post("/api/v1/unseal", {})
                            : client.post_with_value("/api/v1/unseal", {{"kind", kind}}, *value);
      },
      [&](const json::value& answer) {
        print_object(common.format, answer, {{"state", "seal_state"}, {"waits for", "waits_for"}});
        if (answer.is_object() && readable(answer.get_object(), "seal_state") != "open")
          exit_code = exit_code_of(Error(Code::Unavailable, ""));
      });
  return failed != 0 ? failed : exit_code;
}

}  // namespace strongroom::app
