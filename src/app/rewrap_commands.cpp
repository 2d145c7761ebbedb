// `strongroom rewrap` and `strongroom shred`: begin it and show how it goes on. Interrupting the
// command does not stop it. SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <thread>

#include "app/call.h"
#include "app/progress.h"
#include "app/prompt.h"
#include "io/process/process.h"

namespace strongroom::app {
namespace {

constexpr std::chrono::milliseconds kLookEvery{100};

std::uint64_t number_in(const json::object& view, std::string_view name) {
  const auto* value = view.if_contains(name);
  const bool is_number = value != nullptr && value->is_int64() && value->get_int64() > 0;
  return is_number ? static_cast<std::uint64_t>(value->get_int64()) : 0;
}

/// Until it is done.
Result<json::value> follow(ControlClient& client, const Common& common, const std::string& tenant,
                           json::value view) {
  Progress progress(common.format);
  for (;;) {
    if (!view.is_object()) return fail(Code::Protocol, "the answer is not understood");
    const auto& object = view.get_object();
    const std::string state = readable(object, "state");
    progress.show(readable(object, "tenant"), number_in(object, "seen"), number_in(object, "keys"),
                  "keys");
    if (state == "done") return view;
    if (state != "running")
      return fail(Code::Storage, "The rewrap of '" + tenant +
                                     "' has stopped: " + readable(object, "why") +
                                     " What is done stays done: the same command goes on.");
    std::this_thread::sleep_for(kLookEvery);
    STRONGROOM_TRY(view, client.get(path_of("tenants", tenant, "rewrap")));
  }
}

json::object body_of(const RewrapOptions& options) {
  json::object body;
  if (options.share > 0) body["share"] = options.share;
  return body;
}

Result<json::value> rewrap_one(ControlClient& client, const Common& common,
                               const std::string& tenant, const RewrapOptions& options) {
  STRONGROOM_TRY(auto view, client.post(path_of("tenants", tenant, "rewrap"), body_of(options)));
  return follow(client, common, tenant, std::move(view));
}

/// What somebody has to choose, or what is held outside, is made before the root key changes. A
/// passphrase is asked for anew, as with the one of today older copies would still open.
Status prepare(ControlClient& client, const json::object& seal) {
  const std::string id = readable(seal, "id");
  const std::string kind = readable(seal, "kind");
  const std::string path = path_of("seals", id, "prepare");
  if (kind == "file" || kind == "shares") return {};
  if (kind != "passphrase") {
    STRONGROOM_TRY([[maybe_unused]] const auto made, client.post(path, {}));
    return {};
  }
  STRONGROOM_TRY(const Secret passphrase, read_next_line("New passphrase of the seal " + id));
  STRONGROOM_TRY([[maybe_unused]] const auto chosen, client.post_with_value(path, {}, passphrase));
  return {};
}

Status prepare_seals(ControlClient& client) {
  STRONGROOM_TRY(const json::value seals, client.get("/api/v1/seals"));
  if (!seals.is_array()) return fail(Code::Protocol, "the answer is not understood");
  for (const auto& seal : seals.get_array())
    if (seal.is_object()) STRONGROOM_CHECKED(prepare(client, seal.get_object()));
  return {};
}

Result<json::value> post_when_prepared(ControlClient& client, const std::string& path,
                                       const json::object& body) {
  STRONGROOM_CHECKED(prepare_seals(client));
  return client.post(path, body);
}

/// Seen this one time.
void print_new_shares(Format format, const json::value& answer) {
  const auto* list = answer.is_object() ? answer.get_object().if_contains("new_shares") : nullptr;
  if (list == nullptr || !list->is_array()) return;
  for (const auto& each : list->get_array()) {
    if (!each.is_object()) continue;
    say(format, "New shares of the seal " + readable(each.get_object(), "seal") +
                    ": give each to somebody else; they are not shown again, and the old ones open "
                    "no more.");
    const auto* shares = each.get_object().if_contains("shares");
    if (shares == nullptr || !shares->is_array()) continue;
    for (const auto& share : shares->get_array())
      if (share.is_string()) say(format, "  " + std::string(share.get_string()));
  }
}

int rotate_root(const Common& common) {
  (void)io::confine_this_process();
  return with_client(
      common,
      [](ControlClient& client) {
        return post_when_prepared(client, "/api/v1/root/rotate", json::object());
      },
      [&](const json::value& answer) {
        print_object(common.format, answer,
                     {{"root key of", "at"},
                      {"old seal files written over", "overwritten"},
                      {"old root key in no file", "forgotten"}});
        print_new_shares(common.format, answer);
        say(common.format, "Copies of the database from before open no more: make a new backup.");
      });
}

bool holds(const json::value& document, std::string_view promise) {
  const auto* receipt =
      document.is_object() ? document.get_object().if_contains("receipt") : nullptr;
  const auto* claim = receipt != nullptr && receipt->is_object()
                          ? receipt->get_object().if_contains(promise)
                          : nullptr;
  const auto* value =
      claim != nullptr && claim->is_object() ? claim->get_object().if_contains("holds") : nullptr;
  return value != nullptr && value->is_bool() && value->get_bool();
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
  if (options.is_root) return rotate_root(common);
  return with_client(
      common,
      [&](ControlClient& client) -> Result<json::value> {
        STRONGROOM_TRY(const auto tenants, tenants_of(client, options.tenant));
        json::array done;
        for (const auto& tenant : tenants) {
          STRONGROOM_TRY(auto view, rewrap_one(client, common, tenant, options));
          done.push_back(std::move(view));
        }
        return json::value(std::move(done));
      },
      [&](const json::value& answer) {
        print_list(common.format, answer, kRewrap, "No tenants yet: nothing to seal anew.");
      });
}

int shred(const Common& common, const RewrapOptions& options) {
  (void)io::confine_this_process();
  bool is_unrecoverable = false;
  const int failed = with_client(
      common,
      [&](ControlClient& client) -> Result<json::value> {
        STRONGROOM_TRY(auto view,
                       post_when_prepared(client, path_of("tenants", options.tenant, "shred"),
                                          body_of(options)));
        print_new_shares(Format::People, view);
        STRONGROOM_TRY(view, follow(client, common, options.tenant, std::move(view)));
        return client.get(path_of("receipts", readable(view.get_object(), "receipt")));
      },
      [&](const json::value& answer) {
        is_unrecoverable = holds(answer, "r4");
        print_receipt(common.format, answer);
        say(common.format, "Copies of the database from before open no more: make a new backup.");
      });
  if (failed != 0) return failed;
  return is_unrecoverable ? 0 : exit_code_of(Error(Code::Storage, ""));
}

}  // namespace strongroom::app
