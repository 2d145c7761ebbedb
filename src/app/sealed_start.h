// SealedStart: the time between a start and the root key, where no seal opens by itself. Those that
// are held outside and could not be reached are tried again, ever more seldom, up to once a minute.
//
// Used by: serve. Threads: the vault's loop. The database's rows stay unread, the gateway's port
// unbound. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "api/sealed_server.h"
#include "app/external_seals.h"
#include "vault/unsealing.h"

namespace strongroom::app {

class SealedStart {
 public:
  struct Parts {
    io::Loop& loop;
    store::Store& store;
    vault::SealOptions seal;
    ExternalSeals& external;
    std::string why;  ///< the sentence of the failed attempt
    /// Goes on with the start. Its failure is answered, and then `failed` is called.
    std::function<Status(Secret root)> opened;
    std::function<void(Error)> failed;
  };
  SealedStart(Parts parts, api::ControlOptions options);

  /// Listening sockets; it works with copies, so that they can be used after it.
  Status start(int tcp_fd, int unix_fd);
  [[nodiscard]] std::string waits_for() const;

 private:
  Result<bool> unseal(const std::string& kind, Secret value);
  Result<bool> open(Secret root);
  /// What is held outside may come back by itself: each seal in its own time.
  io::Task<void> keep_trying(store::Seal seal);
  void finish(const store::Seal& seal, external_seal::SealerProcess& process);
  io::Task<void> tell_and_fail(Error error);
  Parts parts_;
  vault::Unsealing unsealing_;
  std::unique_ptr<api::SealedServer> server_;
  bool is_open_ = false;
};

}  // namespace strongroom::app
