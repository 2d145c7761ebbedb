// SupervisionRecord: what whoever ends a workroom after its runner needs to know, in a folder of
// the session's own (mode 0700). Nothing in it is a key; its credential is good for one sentence
// about one session: that its processes have ended.
//
// Used by: app's runner, which writes it, and strongroom-supervisor, which reads it (so: no third
// party, no other room). Threads: values. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <cstdint>
#include <string>
#include <vector>

#include "workroom/descendants.h"

namespace strongroom::workroom {

/// Of the session's folders, the one that has the record.
inline constexpr const char* kSupervisionSuffix = "-supervised";

struct SupervisionRecord {
  std::string session;
  std::string place;          ///< place_of_processes(): to whom process numbers mean the same
  std::string server_socket;  ///< where the vault is: this, absolute,
  std::string server_address;
  std::uint16_t server_port = 0;  ///< or these, an IP address,
  std::string server_name;        ///< or this, NAME:PORT, reached over TLS
  std::string credential;
  std::string container;      ///< its name; empty: none
  std::string engine_socket;  ///< of the Docker Engine that made it; may be empty
};

/// A process that holds values, or whose end is the end of all that do.
struct HoldingProcess {
  enum class Kind : std::uint8_t {
    Namespace,    ///< process 1 of a process-id namespace: once it has ended, so has all of that
    Descendants,  ///< a first process without a namespace: what it started may have left it
    Single,       ///< itself alone
  };
  Kind kind = Kind::Single;
  Process process;
};

/// This boot of the machine, and the process-id namespace that we are in.
[[nodiscard]] std::string place_of_processes();

/// False: it cannot be written, or holds what a line cannot.
[[nodiscard]] bool write_record(const std::string& folder, const SupervisionRecord& record);
/// False: there is none, or not a whole one.
[[nodiscard]] bool read_record(const std::string& folder, SupervisionRecord& record);
/// What is to be told to a vault that is reached over TLS, by another program (JSON).
[[nodiscard]] bool write_report(const std::string& folder, const std::string& report);
[[nodiscard]] bool read_report(const std::string& folder, std::string& report);
/// Certificates that this vault's may be signed by, beside the public roots; none is none.
[[nodiscard]] bool write_roots(const std::string& folder, const std::string& pem);
[[nodiscard]] std::string read_roots(const std::string& folder);
/// Before it is given anything. False: it is not there, or this cannot be written.
[[nodiscard]] bool add_holding(const std::string& folder, HoldingProcess::Kind kind, pid_t pid);
/// In the order in which they were added. False: what is there is not understood.
[[nodiscard]] bool read_holding(const std::string& folder, std::vector<HoldingProcess>& holding);

}  // namespace strongroom::workroom
