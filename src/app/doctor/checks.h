// What the doctor looks at. Each function tells what it has found and goes on.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <optional>

#include "app/control_client.h"
#include "app/doctor/finding.h"
#include "base/json.h"

namespace strongroom::app {

/// An installation on this machine.
struct Place {
  std::string data;           ///< its data directory
  std::string config;         ///< file of the configuration; empty: the usual one
  std::optional<int> server;  ///< process of the server that runs
  std::string gateway;        ///< where that says that it listens; empty: it does not
  std::string metrics;

  [[nodiscard]] std::string path(const std::string& name) const { return data + "/" + name; }
};

// Files (checks_files.cpp)
void check_modes(const Place& place, Findings& findings);
void check_room(const Place& place, Findings& findings);
void check_clock(const Place& place, Findings& findings);
/// The configuration and what it names: certificates; the catalogue's own files.
void check_configuration(const Place& place, Findings& findings);
void check_leftovers(Findings& findings);

// A server that answers (checks_server.cpp)
/// False where it does not serve.
bool check_server(ControlClient& client, Findings& findings);
void check_listeners(const Place& place, Findings& findings);
/// Of an inspection as the API tells it.
void tell_inspection(const json::object& inspection, Findings& findings);
void tell_record(const Result<json::value>& verified, Findings& findings);

// One that does not run (checks_stopped.cpp): nothing else uses the database meanwhile.
void check_stopped(const Place& place, Findings& findings);

// The machine (checks_machine.cpp)
void check_limits(const Place& place, Findings& findings);
void check_kernel(Findings& findings);
void check_runtimes(Findings& findings);

}  // namespace strongroom::app
