// A vault on a real database and a real record, in a folder of its own; time moves by hand. For
// this room's tests only. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "crypto/crypto.h"
#include "io/loop.h"
#include "vault/anchor.h"
#include "vault/root_secrets.h"
#include "vault/seal.h"
#include "vault/vault.h"

namespace strongroom::vault {

inline const Actor kOperator = Actor::installation("operator");

/// Notes what it is asked; answers as one gateway that had two connections, and as a runner with
/// one process where told.
class NotingFences final : public HolderFences {
 public:
  io::Task<std::vector<HolderOutcome>> fence(FenceKind kind, IdBytes id, std::string reason,
                                             std::chrono::milliseconds) override {
    fenced.push_back({kind, id});
    reasons.push_back(std::move(reason));
    if (while_fencing) while_fencing();
    HolderOutcome outcome;
    outcome.holder = HolderId(IdBytes{1});
    outcome.name = "gateway 1";
    outcome.role = "gateway";
    outcome.how = "acknowledged";
    outcome.connections_closed = 2;
    outcome.processes = processes;
    std::vector<HolderOutcome> outcomes;
    outcomes.push_back(std::move(outcome));
    if (speaker) {
      HolderOutcome runner;
      runner.holder = HolderId(IdBytes{2});
      runner.name = "runner 7";
      runner.role = "runner";
      runner.how = "acknowledged";
      runner.session = *speaker;
      outcomes.push_back(std::move(runner));
    }
    co_return outcomes;
  }
  bool has_runner(SessionId) const override { return has_runners; }
  void refresh(KeyId key) override { refreshed.push_back(key); }
  std::vector<FenceTarget> fenced;
  std::vector<std::string> reasons;
  std::vector<KeyId> refreshed;
  bool has_runners = true;
  std::optional<SessionId> speaker;  ///< its runner acknowledges
  std::vector<ExposedProcess> processes;
  std::function<void()> while_fencing;
};

class VaultFixture : public testing::Test {
 protected:
  VaultFixture() : loop(clock) {
    std::string name =
        (std::filesystem::temp_directory_path() / "strongroom-vault-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    folder = name;
    open();
  }
  ~VaultFixture() override {
    close();
    std::filesystem::remove_all(folder);
  }

  /// As a start of the server does it.
  Status try_open() {
    STRONGROOM_TRY(store, store::open_sqlite(folder + "/strongroom.db"));
    SealOptions options;
    options.file_path = folder + "/seal.key";
    STRONGROOM_TRY(Secret root, open_root_key(*store, options));
    audit::Log::Options log_options;
    log_options.directory = folder + "/audit";
    log_options.clock = &clock;
    STRONGROOM_TRY(log_options.signing_key, record_signing_key(*store, root));
    log_options.post = [this](std::function<void()> work) { loop.post(std::move(work)); };
    STRONGROOM_TRY(record, audit::Log::open(std::move(log_options)));
    STRONGROOM_TRY(services, catalog::Catalog::load(folder + "/catalog"));
    Vault::Parts parts{clock, *store, services, *record, std::move(root)};
    parts.seal_file = options.file_path;
    parts.anchor = anchor;
    parts.counter = counter;
    parts.witness = witness ? &*witness : nullptr;
    parts.accept_rollback = accepts_rollback;
    STRONGROOM_TRY(vault, Vault::open(std::move(parts)));
    vault->set_fences(fences);
    return {};
  }
  void open() {
    const auto status = try_open();
    ASSERT_TRUE(status) << status.error().message;
  }
  void close() {
    vault.reset();
    record.reset();
    store.reset();
  }
  void reopen() {
    close();
    open();
  }

  template <class T>
  T run(io::Task<T> task) {
    std::optional<T> answer;
    loop.spawn(keep(std::move(task), answer));
    loop.run();
    return std::move(*answer);
  }
  template <class T>
  io::Task<void> keep(io::Task<T> task, std::optional<T>& answer) {
    answer = co_await std::move(task);
    loop.stop();
  }

  static Secret secret(std::string_view text) { return Secret(bytes_of(text)); }
  static std::string reveal(const Secret& value) {
    return value.reveal([](ByteView plain) { return std::string(text_of(plain)); });
  }
  void make_acme() {
    ASSERT_TRUE(vault->add_tenant(kOperator, "acme"));
    ASSERT_TRUE(vault->add_member(kOperator, "acme", "alice", "member"));
    ASSERT_TRUE(vault->add_member(kOperator, "acme", "bob", "owner"));
  }
  Result<KeyView> add(std::string service, std::string_view value, std::string member = {},
                      std::string label = "default", Settings settings = {}) {
    NewKey key;
    key.tenant = "acme";
    key.service = std::move(service);
    key.label = std::move(label);
    key.member = std::move(member);
    key.settings = std::move(settings);
    return vault->add_key(kOperator, key, secret(value));
  }
  Result<StartedSession> start(std::string member, std::vector<std::string> wanted,
                               std::vector<std::string> skills = {}) {
    SessionRequest request;
    request.tenant = "acme";
    request.member = std::move(member);
    request.services = std::move(wanted);
    request.skills = std::move(skills);
    return vault->start_session(kOperator, request);
  }
  Result<OpenedKey> use(const IssuedPass& pass) { return use(pass.pass, pass.service); }
  Result<OpenedKey> use(const std::string& pass, const std::string& service) {
    return vault->open_by_pass(crypto::sha256(bytes_of(pass)), service);
  }
  std::vector<std::string> actions() {
    std::vector<std::string> names;
    EXPECT_TRUE(record->for_each([&](const audit::Entry& entry) {
      if (const auto* act = std::get_if<audit::Act>(&entry.content))
        names.push_back(act->action + " " + act->outcome);
      return true;
    }));
    return names;
  }

  ManualClock clock;
  io::Loop loop;
  std::string folder;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<audit::Log> record;
  catalog::Catalog services;
  NotingFences fences;
  AnchorPlace* anchor = nullptr;  ///< outlives the vault
  AnchorCounter* counter = nullptr;
  std::optional<WitnessWord> witness;
  bool accepts_rollback = false;
  std::unique_ptr<Vault> vault;
};

#define EXPECT_CODE(result, expected)                                                             \
  do {                                                                                            \
    const auto& expect_code_result = (result);                                                    \
    EXPECT_FALSE(expect_code_result.has_value());                                                 \
    if (!expect_code_result.has_value())                                                          \
      EXPECT_EQ(expect_code_result.error().code, expected) << expect_code_result.error().message; \
  } while (false)

}  // namespace strongroom::vault
