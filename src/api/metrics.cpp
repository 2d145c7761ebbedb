// SPDX-License-Identifier: Apache-2.0
#include "api/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <set>
#include <vector>

#include "http/server.h"

namespace strongroom::api {
namespace {

/// A value that is read when asked for.
struct ReadValue {
  std::string name;
  std::string help;
  prometheus::MetricType type;
  std::function<double()> read;
};

/// Several values that are read when asked for, by the value of a label.
struct ReadValues {
  std::string name;
  std::string help;
  std::string label;
  std::function<std::vector<std::pair<std::string, double>>()> read;
};

constexpr std::size_t kMaxCodes = 64;

bool is_code(std::string_view text) {
  return !text.empty() && text.size() <= 32 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos;
}

prometheus::MetricFamily to_family(const ReadValue& value) {
  prometheus::ClientMetric metric;
  const double now = value.read();
  if (value.type == prometheus::MetricType::Counter)
    metric.counter.value = now;
  else
    metric.gauge.value = now;
  prometheus::MetricFamily family;
  family.name = value.name;
  family.help = value.help;
  family.type = value.type;
  family.metric.push_back(std::move(metric));
  return family;
}

prometheus::MetricFamily to_family(const ReadValues& values) {
  prometheus::MetricFamily family;
  family.name = values.name;
  family.help = values.help;
  family.type = prometheus::MetricType::Gauge;
  for (const auto& [of, value] : values.read()) {
    prometheus::ClientMetric metric;
    metric.label.push_back({values.label, of});
    metric.gauge.value = value;
    family.metric.push_back(std::move(metric));
  }
  return family;
}

}  // namespace

struct Metrics::State {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests = prometheus::BuildCounter()
                                                          .Name("strongroom_control_requests_total")
                                                          .Help("Calls of the control API")
                                                          .Register(registry);
  prometheus::Family<prometheus::Counter>& refusals =
      prometheus::BuildCounter()
          .Name("strongroom_gateway_refusals_total")
          .Help("Requests that a gateway answered itself")
          .Register(registry);
  std::set<std::string, std::less<>> codes;
  std::vector<ReadValue> values;
  std::vector<ReadValues> labelled;
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

void Metrics::count_request(std::string_view operation, int status) {
  state_->requests.Add({{"operation", std::string(operation)}, {"status", std::to_string(status)}})
      .Increment();
}

void Metrics::count_refusals(std::string_view code, std::uint32_t count) {
  const bool is_fit =
      is_code(code) && (state_->codes.contains(code) || state_->codes.size() < kMaxCodes);
  const std::string label(is_fit ? code : "other");
  if (is_fit) state_->codes.insert(label);
  state_->refusals.Add({{"code", label}}).Increment(count);
}

void Metrics::gauge(std::string name, std::string help, std::function<double()> read) {
  state_->values.push_back(
      {std::move(name), std::move(help), prometheus::MetricType::Gauge, std::move(read)});
}

void Metrics::gauges(std::string name, std::string help, std::string label,
                     std::function<std::vector<std::pair<std::string, double>>()> read) {
  state_->labelled.push_back({std::move(name), std::move(help), std::move(label), std::move(read)});
}

void Metrics::counter(std::string name, std::string help, std::function<double()> read) {
  state_->values.push_back(
      {std::move(name), std::move(help), prometheus::MetricType::Counter, std::move(read)});
}

std::string Metrics::text() const {
  std::vector<prometheus::MetricFamily> families = state_->registry.Collect();
  for (const ReadValue& value : state_->values) families.push_back(to_family(value));
  for (const ReadValues& values : state_->labelled) families.push_back(to_family(values));
  return prometheus::TextSerializer().Serialize(families);
}

struct MetricsServer::State {
  State(io::Loop& loop, Metrics& the_metrics, std::function<std::string()> the_is_ready)
      : metrics(the_metrics),
        is_ready(std::move(the_is_ready)),
        server(loop, [this](http::ServerRequest& request) { return handle(request); }) {}

  io::Task<http::ServerResponse> handle(http::ServerRequest& request) {
    http::ServerResponse response = answer(request);
    co_return response;
  }

  http::ServerResponse answer(const http::ServerRequest& request) {
    if (request.method != "GET" && request.method != "HEAD")
      return http::error_response(405, "method_not_allowed", "only GET here");
    http::ServerResponse response;
    response.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
    if (request.path == "/healthz") {
      response.body = "ok\n";
    } else if (request.path == "/readyz") {
      const std::string why_not = is_ready();
      response.status = why_not.empty() ? 200 : 503;
      response.body = (why_not.empty() ? "ready" : why_not) + "\n";
    } else if (request.path == "/metrics") {
      response.headers[0].second = "text/plain; version=0.0.4; charset=utf-8";
      response.body = metrics.text();
    } else {
      return http::error_response(404, "not_found", "here are /metrics, /healthz and /readyz");
    }
    return response;
  }

  Metrics& metrics;
  std::function<std::string()> is_ready;
  http::Server server;
};

MetricsServer::MetricsServer(io::Loop& loop, Metrics& metrics,
                             std::function<std::string()> is_ready)
    : state_(std::make_unique<State>(loop, metrics, std::move(is_ready))) {}

MetricsServer::~MetricsServer() = default;

void MetricsServer::start(int fd) {
  state_->server.listen(fd);
}

io::Task<void> MetricsServer::stop(std::chrono::milliseconds within) {
  return state_->server.stop(within);
}

}  // namespace strongroom::api
