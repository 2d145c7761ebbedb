// LoginKeeper: has done what is to be done at services' authorization servers: codes exchanged,
// tokens renewed in good time, one exchange at a time for each.
//
// Used by: serve. Threads: the vault's loop. Each call is made by a strongroom-issuer of its own. A
// refresh leaves its outcome in a file, sealed for the vault alone, before it is answered: a crash
// of ours in between loses no token that a provider gives once. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/server.h"
#include "app/providers_asked.h"
#include "dynamic/issuer_process.h"
#include "io/loop.h"
#include "lease/messages.h"
#include "vault/vault.h"

namespace strongroom::app {

class LoginKeeper {
 public:
  struct Plan {
    std::string program;      ///< strongroom-issuer
    std::string trusted_pem;  ///< authorities beside the system's
    std::vector<lease::Dial> dials;
    std::string folder;  ///< for the outcomes of refreshes
  };
  LoginKeeper(io::Loop& loop, vault::Vault& vault, Plan plan)
      : loop_(loop), vault_(vault), plan_(std::move(plan)) {}

  /// To whom people ask.
  void offer(api::ControlHooks& hooks);
  /// Call every second.
  void tick();

 private:
  using Process = std::shared_ptr<dynamic::IssuerProcess>;
  using Rest = api::LoginRest;
  using Note = std::function<Result<vault::LoginView>(const dynamic::Outcome&)>;
  struct Pending;
  /// Asks a client's issuer for its endpoints.
  [[nodiscard]] io::Task<Status> discover(std::string client);
  /// Each begins at once; what it answers is awaited.
  [[nodiscard]] Result<Rest> exchange(vault::LoginJob taken);
  [[nodiscard]] Result<Rest> begin_device(const std::string& login);
  [[nodiscard]] Result<Rest> poll(const std::string& login);
  /// The same at an identity provider, whose outcome is told.
  using Told = std::function<void(const dynamic::Outcome&)>;
  [[nodiscard]] Result<std::function<io::Task<void>()>> ask_provider(TenantId tenant,
                                                                     dynamic::Job job, Told told);
  void complete(dynamic::Job& job) const;
  [[nodiscard]] Result<Process> start(dynamic::Job job);
  [[nodiscard]] static Rest rest_of(Process process, Note note);
  [[nodiscard]] Result<dynamic::IssuerProcess> begin_refresh(DynamicId id);
  [[nodiscard]] io::Task<void> refresh(DynamicId id, std::shared_ptr<Pending> pending);
  void settle(DynamicId id, Pending& pending, const Status& settled);
  [[nodiscard]] Status note(DynamicId id, const Result<dynamic::Outcome>& said);
  void let_go_of_file(DynamicId id);
  void take_over();
  [[nodiscard]] io::Task<void> end_unkept(std::shared_ptr<dynamic::Job> job);
  [[nodiscard]] std::string file_of(DynamicId id) const;

  io::Loop& loop_;
  vault::Vault& vault_;
  Plan plan_;
  std::unordered_map<DynamicId, std::shared_ptr<Pending>> pending_;
  int at_work_ = 0;
  std::shared_ptr<ProvidersAsked> asking_ = std::make_shared<ProvidersAsked>();
  std::shared_ptr<ProvidersAsked> told_ = std::make_shared<ProvidersAsked>();  ///< by themselves
  bool may_be_left_ = true;  ///< refreshes of a process before us, or that could not be stored
};

}  // namespace strongroom::app
