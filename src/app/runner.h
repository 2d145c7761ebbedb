// Runner: one session's workroom and the leases of what was injected into it.
//
// Used by: `strongroom run`. Threads: its own loop. While the vault is away (a restart), the
// workroom goes on for kVaultMayBeAway and the runner keeps asking; a fence ends every process that
// was given the value and names each. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/commands.h"
#include "app/control_client.h"
#include "app/end_scan.h"
#include "app/housing.h"
#include "app/narrow_injection.h"
#include "app/output_watch.h"
#include "app/proxy_door.h"
#include "app/ssh_access.h"
#include "app/started_session.h"
#include "app/supervision.h"
#include "catalog/catalog.h"
#include "guard/renewed_values.h"
#include "io/loop.h"
#include "lease/holder_side.h"
#include "workroom/proxy_environment.h"
#include "workroom/terminal.h"
#include "workroom/workroom.h"

namespace strongroom::app {

class Runner {
 public:
  Runner(ControlClient client, SessionStart start, Supervision supervision,
         const RunOptions& options);
  ~Runner();
  /// Until the command and all it left behind have ended; the exit code.
  [[nodiscard]] int run();

 private:
  static constexpr std::chrono::seconds kVaultMayBeAway{60};
  /// For the scan of a session that is ended from outside: less than what whoever waits for its
  /// processes gives a runner beside their grace.
  static constexpr std::chrono::seconds kScanOfEnded{2};
  /// For whoever reads the output of a session that is ended from outside.
  static constexpr std::chrono::seconds kReaderOfEnded{2};
  /// Keeps one lease renewed for as long as the workroom lives.
  struct HeldLease final : lease::Attachment {
    explicit HeldLease(Runner& owner) : runner(owner) {}
    void cut(std::string_view reason) noexcept override { runner.lease_ended(reason); }
    Runner& runner;
  };
  [[nodiscard]] Status prepare();
  io::Task<void> live();
  io::Task<Status> attach();
  [[nodiscard]] Status connect();
  io::Task<Status> start_workroom();
  io::Task<Result<std::vector<LeaseId>>> leases_of_injected();
  io::Task<Status> hold_again();
  [[nodiscard]] Status watch_output(workroom::WorkroomSpec& spec);
  io::Task<void> finish_output();
  [[nodiscard]] std::vector<catalog::Place> places() const;
  void move_hosts(workroom::SessionKey& key) const;
  void hold_elsewhere(const lease::Lease& lease);
  [[nodiscard]] Status add_ssh(const lease::Lease& lease, workroom::SessionKey key);
  [[nodiscard]] bool trusts_gateway() const;
  [[nodiscard]] ProxyDoor::Plan door_plan() const;
  [[nodiscard]] Result<std::vector<workroom::PlainVariable>> open_trust();
  [[nodiscard]] Result<std::vector<workroom::PlainVariable>> open_proxy();
  [[nodiscard]] Result<workroom::Environment> environment_of(const std::vector<LeaseId>& leases,
                                                             guard::RenewedValues& values);
  [[nodiscard]] bool hands_out_values() const;
  [[nodiscard]] bool is_login(std::string_view service, std::string_view label) const;
  void key_refreshed(KeyId key);
  void begin_renewing();
  io::Task<void> renew();
  io::Task<void> renew_once();
  [[nodiscard]] Status adopt(const std::vector<LeaseId>& leases);
  [[nodiscard]] Status renew_value(lease::Lease& lease);
  io::Task<std::vector<lease::ProcessOutcome>> end_processes(lease::Fence fence);
  io::Task<void> come_back();
  io::Task<std::vector<lease::ProcessOutcome>> end_and_scan(Duration grace);
  io::Task<void> end_workroom(std::string why);
  void lease_ended(std::string_view reason);
  lease::HolderLink::Handlers handlers();
  [[nodiscard]] Status hold(const workroom::RunningInit& init);
  [[nodiscard]] lease::HolderHello hello() const;

  SystemClock clock_;
  io::Loop loop_;
  ControlClient client_;
  SessionStart start_;
  const RunOptions& options_;
  Supervision supervision_;
  lease::HolderLink link_;
  io::Event greeted_;  ///< or the channel was lost before
  bool is_greeted_ = false;
  int channel_ = -1;           ///< its descriptor, while the link is connected
  bool is_attaching_ = false;  ///< who waits for the hello sees a lost channel by itself
  std::string report_credential_;
  std::vector<catalog::SourceFile> sources_;
  std::vector<std::unique_ptr<HeldLease>> held_;
  std::map<KeyId, std::uint32_t> keys_;           ///< and the version that was handed out last
  std::shared_ptr<guard::RenewedValues> values_;  ///< all that the workroom was given
  bool is_renewing_ = false;
  bool is_outdated_ = false;  ///< a key was refreshed since its lease was asked for
  catalog::Catalog catalog_;
  std::unique_ptr<Housing> housing_;
  std::optional<workroom::TrustFiles> trust_;
  std::unique_ptr<ProxyDoor> door_;
  std::unique_ptr<NarrowInjection> narrow_;       ///< --inject exec, or a login
  std::unique_ptr<workroom::Terminal> terminal_;  ///< -t
  std::unique_ptr<EndScan> end_scan_;             ///< --scan-on-end
  std::unique_ptr<OutputWatch> output_;           ///< none without injected keys
  std::unique_ptr<SshAccess> ssh_;                ///< where the session has SSH keys
  std::unique_ptr<workroom::Workroom> workroom_;
  std::string ended_because_;
  bool is_fenced_ = false;
  int fences_ = 0;  ///< under way
  io::Event fences_over_;
  bool is_coming_back_ = false;
  bool is_over_ = false;
  int exit_code_ = 1;
};

}  // namespace strongroom::app
