// `strongroom rewrap`: begins it and shows how it goes on. Interrupting the command does not stop
// the rewrap. SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <thread>

#include "app/call.h"
#include "base/encoding.h"

namespace strongroom::app {
namespace {

constexpr std::chrono::milliseconds kLookEvery{100};

std::int64_t number_in(const json::object& view, std::string_view name) {
  const auto* value = view.if_contains(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

/// One line that is written over; only for people at a terminal.
void show_progress(const Common& common, const json::object& view) {
  if (common.format != Format::People || ::isatty(STDERR_FILENO) == 0) return;
  std::fprintf(stderr, "\r%s: %lld of %lld keys", readable(view, "tenant").c_str(),
               static_cast<long long>(number_in(view, "seen")),
               static_cast<long long>(number_in(view, "keys")));
}

void end_progress(const Common& common) {
  if (common.format == Format::People && ::isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "\n");
}

/// Until it is done.
Result<json::value> rewrap_one(ControlClient& client, const Common& common,
                               const std::string& tenant, const json::object& body) {
  const std::string path = path_of("tenants", tenant, "rewrap");
  STRONGROOM_TRY(json::value view, client.post(path, body));
  for (;;) {
    if (!view.is_object()) return fail(Code::Protocol, "the answer is not understood");
    const auto& object = view.get_object();
    const std::string state = readable(object, "state");
    show_progress(common, object);
    if (state != "running") end_progress(common);
    if (state == "done") return view;
    if (state != "running")
      return fail(Code::Storage, "The rewrap of '" + tenant +
                                     "' has stopped: " + readable(object, "why") +
                                     " What is done stays done: the same command goes on.");
    std::this_thread::sleep_for(kLookEvery);
    STRONGROOM_TRY(view, client.get(path));
  }
}

Result<std::vector<std::string>> tenants_of(ControlClient& client, const std::string& wanted) {
  if (!wanted.empty()) return std::vector{wanted};
  STRONGROOM_TRY(const json::value tenants, client.get("/api/v1/tenants"));
  std::vector<std::string> names;
  if (!tenants.is_array()) return fail(Code::Protocol, "the answer is not understood");
  for (const auto& each : tenants.get_array())
    if (each.is_object()) names.push_back(readable(each.get_object(), "name"));
  return names;
}

const std::vector<Column> kRewrap = {{"TENANT", "tenant"},
                                     {"EPOCH", "epoch"},
                                     {"SEALED ANEW", "rewrapped"},
                                     {"LEFT", "left"},
                                     {"OLD SEED IN NO FILE", "forgotten"}};

}  // namespace

int rewrap(const Common& common, const RewrapOptions& options) {
  json::object body;
  if (options.share > 0) body["share"] = options.share;
  return with_client(
      common,
      [&](ControlClient& client) -> Result<json::value> {
        STRONGROOM_TRY(const auto tenants, tenants_of(client, options.tenant));
        json::array done;
        for (const auto& tenant : tenants) {
          STRONGROOM_TRY(auto view, rewrap_one(client, common, tenant, body));
          done.push_back(std::move(view));
        }
        return json::value(std::move(done));
      },
      [&](const json::value& answer) {
        print_list(common.format, answer, kRewrap, "No tenants yet: nothing to seal anew.");
      });
}

}  // namespace strongroom::app
