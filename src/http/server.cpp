// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include <algorithm>
#include <set>

#include "base/json.h"
#include "base/log.h"
#include "http/connection.h"
#include "io/net.h"

namespace strongroom::http {

struct Server::State {
  State(io::Loop& the_loop, Handler the_handler, ServerLimits the_limits)
      : loop(the_loop), handler(std::move(the_handler)), limits(the_limits), emptied(the_loop) {}
  io::Loop& loop;
  Handler handler;
  ServerLimits limits;
  bool is_stopping = false;
  std::shared_ptr<const io::TlsServer> tls;
  std::vector<std::unique_ptr<io::Acceptor>> acceptors;
  std::set<Connection*> connections;
  io::Event emptied;
};

namespace {

/// When all places are taken, an idle connection makes room: whoever holds connections open keeps
/// nobody else out.
bool has_room(Server::State& state) {
  const std::size_t most = state.limits.max_connections;
  if (state.connections.size() < most) return true;
  if (state.connections.size() >= most * 2)
    return false;  // those that were ended have not gone yet
  return std::ranges::any_of(state.connections,
                             [](Connection* connection) { return connection->abort_if_idle(); });
}

/// One connection's life; holds the state so that it may outlive the Server.
io::Task<void> serve(std::shared_ptr<Server::State> state, io::Stream stream) {
  Connection connection(std::move(stream), state->handler, state->limits, state->is_stopping,
                        state->tls);
  state->connections.insert(&connection);
  co_await connection.run();
  state->connections.erase(&connection);
  if (state->connections.empty()) state->emptied.set();
}

}  // namespace

Server::Server(io::Loop& loop, Handler handler, ServerLimits limits)
    : state_(std::make_shared<State>(loop, std::move(handler), limits)) {}

Server::~Server() {
  state_->is_stopping = true;
  state_->acceptors.clear();
  for (Connection* connection : state_->connections) connection->abort();
}

void Server::listen(int fd) {
  const std::weak_ptr<State> weak = state_;
  auto on_stream = [weak](io::Stream stream) {
    const auto state = weak.lock();
    if (!state || state->is_stopping || !has_room(*state)) return;
    state->loop.spawn(serve(state, std::move(stream)));
  };
  state_->acceptors.push_back(
      std::make_unique<io::Acceptor>(state_->loop, fd, std::move(on_stream)));
}

void Server::offer_tls(std::shared_ptr<const io::TlsServer> tls) {
  state_->tls = std::move(tls);
}

void Server::begin_stop() {
  state_->is_stopping = true;
  for (const auto& acceptor : state_->acceptors) acceptor->stop();
  for (Connection* connection : state_->connections) (void)connection->abort_if_idle();
}

io::Task<void> Server::stop(std::chrono::milliseconds within) {
  const auto state = state_;  // the Server may go while we wait
  begin_stop();
  const Deadline deadline = Deadline::after(state->loop.clock(), within);
  bool in_time = true;
  while (!state->connections.empty() && in_time)
    in_time = co_await state->emptied.wait_until(deadline);
  for (Connection* connection : state->connections) connection->abort();
}

std::size_t Server::connections() const {
  return state_->connections.size();
}

ServerRequest::~ServerRequest() {
  for (auto& [name, value] : headers) wipe(value.data(), value.size());
}

std::string_view ServerRequest::header(std::string_view name) const {
  const auto found = std::ranges::find(headers, name, &TextPairs::value_type::first);
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

std::size_t ServerRequest::count_headers(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::count(headers, name, &TextPairs::value_type::first));
}

ServerResponse error_response(int status, std::string_view code, std::string_view message,
                              std::string_view hint) {
  json::object error{{"code", json::string_view(code)}, {"message", json::string_view(message)}};
  if (!hint.empty()) error["hint"] = json::string_view(hint);
  ServerResponse response;
  response.status = status;
  response.headers.emplace_back("Content-Type", "application/json");
  response.body = to_text(json::value(json::object{{"error", std::move(error)}}));
  return response;
}

}  // namespace strongroom::http
