// Metrics: counters in Prometheus' form, and the small server for /metrics, /healthz and /readyz on
// a port of its own.
//
// Used by: app (wiring), ControlServer (counts requests). Threads: counters any; the server its
// loop. Nothing on this port needs or shows a secret: names of tenants, members and keys are not
// labels. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "io/loop.h"
#include "io/task.h"

namespace strongroom::api {

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// strongroom_control_requests_total{operation,status}. `operation` is a name from the table of
  /// operations.
  void count_request(std::string_view operation, int status);
  /// strongroom_gateway_refusals_total{code}. Codes come from gateways: of those beyond 64, and of
  /// what is no code, "other" is counted.
  void count_refusals(std::string_view code, std::uint32_t count);
  /// A gauge read at each scrape, e.g. ("strongroom_gateways", "Gateway processes running", fn).
  void gauge(std::string name, std::string help, std::function<double()> read);
  /// A gauge of one value for each of several things, told apart by `label`.
  void gauges(std::string name, std::string help, std::string label,
              std::function<std::vector<std::pair<std::string, double>>()> read);
  /// The same for a value that only grows.
  void counter(std::string name, std::string help, std::function<double()> read);
  /// Text exposition format 0.0.4.
  [[nodiscard]] std::string text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class MetricsServer {
 public:
  /// `is_ready` decides /readyz: empty text is ready, else why not.
  MetricsServer(io::Loop& loop, Metrics& metrics, std::function<std::string()> is_ready);
  ~MetricsServer();
  /// A listening socket, taken over.
  void start(int fd);
  [[nodiscard]] io::Task<void> stop(std::chrono::milliseconds within);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strongroom::api
