// SPDX-License-Identifier: Apache-2.0
#include "gateway/gateway.h"

#include "gateway/connection.h"

namespace strongroom::gateway {

Gateway::Gateway(io::Loop& loop, lease::HolderLink& link, Setup setup)
    : loop_(loop),
      link_(link),
      setup_(std::move(setup)),
      destinations_(setup_.catalog),
      pool_(loop, std::move(setup_.upstream_tls), std::move(setup_.dials)),
      authorities_(loop.clock(), setup_.link_key.duplicate()),
      links_(std::move(setup_.link_key)),
      sweeper_(loop.every(std::chrono::seconds(5), [this] { pool_.sweep(); })) {}

Gateway::~Gateway() = default;

void Gateway::listen(int fd) {
  acceptors_.push_back(std::make_unique<io::Acceptor>(
      loop_, fd, [this](io::Stream stream) { accept(std::move(stream)); }));
}

void Gateway::accept(io::Stream stream) {
  connections_.push_front(std::make_unique<Connection>(*this, std::move(stream)));
  loop_.spawn(serve(connections_.begin()));
}

io::Task<void> Gateway::serve(std::list<std::unique_ptr<Connection>>::iterator place) {
  co_await (*place)->run();
  connections_.erase(place);
  drained_when_empty();
}

void Gateway::drain(std::chrono::milliseconds within, std::function<void()> on_drained) {
  if (is_draining_) return;
  is_draining_ = true;
  on_drained_ = std::move(on_drained);
  for (const auto& acceptor : acceptors_) acceptor->stop();
  for (const auto& connection : connections_) connection->end_when_idle();
  drain_limit_ = loop_.every(within, [this] {
    for (const auto& connection : connections_) connection->abort();
  });
  drained_when_empty();
}

void Gateway::drained_when_empty() {
  if (!is_draining_ || !connections_.empty() || !on_drained_) return;
  pool_.close_all();
  const auto call = std::exchange(on_drained_, nullptr);
  loop_.post(call);
}

}  // namespace strongroom::gateway
