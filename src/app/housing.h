// Housing: where and how a session's workroom lives: as a process of this machine, or in a
// container with a folder and a loopback of its own.
//
// Used by: Runner. Threads: its loop's. What the workroom is told of the gateway, of its socket and
// of its certificates is told as it sees them. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/commands.h"
#include "base/id.h"
#include "catalog/places.h"
#include "io/loop.h"
#include "io/task.h"
#include "workroom/attached_runtime.h"
#include "workroom/network_plan.h"
#include "workroom/proxy_environment.h"
#include "workroom/runtime.h"
#include "workroom/session_folder.h"

namespace strongroom::app {

[[nodiscard]] bool is_container(const RunOptions& options);
/// `strongroom attach --socket`: a platform starts the container.
[[nodiscard]] bool is_attached(const RunOptions& options);
/// Invalid where a flag was given that is of another runtime.
[[nodiscard]] Status check_container_flags(const RunOptions& options);
inline constexpr const char* kAttached = "attached";
/// Does the workroom reach the gateway by the session's own socket alone?
[[nodiscard]] bool needs_socket(const RunOptions& options);

/// Of this session, one for each `purpose`.
[[nodiscard]] Result<workroom::SessionFolder> open_session_folder(SessionId session,
                                                                  const std::string& purpose = {});

class Housing {
 public:
  struct Facts {
    SessionId session;
    std::string gateway;  ///< as reached from this machine
    std::string socket;   ///< the session's own; may be empty
  };
  /// Invalid, Refused, Storage.
  static Result<std::unique_ptr<Housing>> make(io::Loop& loop, const RunOptions& options,
                                               Facts facts);

  ~Housing();
  Housing(const Housing&) = delete;
  Housing& operator=(const Housing&) = delete;

  /// Once the keys are known: `places` of all of them.
  void plan(const std::vector<catalog::Place>& places);
  [[nodiscard]] bool is_container() const { return folder_ || attached_ != nullptr; }
  /// Tools reach the gateway through a listener of the workroom's own loopback, not a ProxyDoor.
  [[nodiscard]] bool has_relay() const { return network_.has_value(); }
  // As the workroom sees them.
  [[nodiscard]] std::string gateway() const;
  [[nodiscard]] std::string socket() const;
  [[nodiscard]] std::string host(const std::string& host) const;
  [[nodiscard]] workroom::ProxyFacts proxy() const;
  [[nodiscard]] workroom::TrustPlace trust() const;

  /// The folder of this machine that a container sees as workroom::kInside; empty: no container.
  [[nodiscard]] std::string inside() const { return folder_ ? folder_->inside() : std::string(); }

  /// Of the container, where there is one.
  [[nodiscard]] std::string container_name() const;
  /// Of the Docker Engine that has it; empty: none.
  [[nodiscard]] const std::string& engine_socket() const { return engine_socket_; }

  /// Below the folder that is shared with a platform's container; empty: there is none.
  [[nodiscard]] std::string gateway_socket() const;
  /// Whose processes such a container has.
  [[nodiscard]] uid_t user() const;
  /// Until the workroom is there, where somebody else starts it: what it is told of itself is in
  /// `spec`.
  [[nodiscard]] io::Task<Status> arrive(workroom::WorkroomSpec& spec);
  /// The session is over: nobody is waited for any more.
  void give_up();
  /// Fills in all that concerns the container.
  [[nodiscard]] Status furnish(workroom::WorkroomSpec& spec) const;
  [[nodiscard]] workroom::Runtime& runtime() { return *runtime_; }

 private:
  Housing(const RunOptions& options, Facts facts) : options_(options), facts_(std::move(facts)) {}
  [[nodiscard]] Status open_process();
  [[nodiscard]] Status open_container();
  [[nodiscard]] Status open_attached(io::Loop& loop);
  [[nodiscard]] std::string shared() const;
  [[nodiscard]] Result<std::unique_ptr<workroom::Runtime>> make_runtime();
  [[nodiscard]] bool has_own_loopback() const;

  const RunOptions& options_;
  Facts facts_;
  std::optional<workroom::SessionFolder> folder_;
  std::optional<workroom::SessionFolder> trust_;  ///< of a process, which has no other
  std::optional<workroom::NetworkPlan> network_;
  std::unique_ptr<workroom::Runtime> runtime_;
  std::string engine_socket_;
  workroom::AttachedRuntime* attached_ = nullptr;  ///< which is that one
};

}  // namespace strongroom::app
