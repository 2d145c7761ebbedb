// SPDX-License-Identifier: Apache-2.0
#include "gateway/gateway.h"

#include <unistd.h>
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "gateway/connection.h"

namespace strongroom::gateway {

Gateway::Gateway(io::Loop& loop, lease::HolderLink& link, Setup setup)
    : loop_(loop),
      link_(link),
      setup_(std::move(setup)),
      destinations_(setup_.catalog),
      pool_(loop, std::move(setup_.upstream_tls), std::move(setup_.dials),
            UpstreamProxy(std::move(setup_.upstream_proxy)), setup_.limits.body),
      authorities_(loop.clock(), setup_.link_key.duplicate()),
      links_(std::move(setup_.link_key)),
      limits_(setup_.limits),
      quotas_(loop.clock()),
      tenants_(exchanges_of_one_tenant(setup_.tenant_exchanges), kTenantQueue),
      most_connections_(connections_of_all(setup_.connections)),
      sweeper_(loop.every(std::chrono::seconds(5),
                          [this] {
                            pool_.sweep();
                            give_memory_back();
                          })),
      each_second_(loop.every(std::chrono::seconds(1), [this] {
        has_no_room_ = false;
        quotas_.tick();
        tell_of_refusals();
      })) {}

Gateway::~Gateway() = default;

void Gateway::listen(int fd) {
  acceptors_.push_back(std::make_unique<io::Acceptor>(
      loop_, fd, [this](io::Stream stream) { accept(std::move(stream), {}); }));
}

void Gateway::listen_for(SessionId session, uid_t owner, int fd) {
  if (is_draining_) return static_cast<void>(::close(fd));
  session_acceptors_[session] =
      std::make_unique<io::Acceptor>(loop_, fd, [this, session, owner](io::Stream stream) {
        // The file's mode says the same; who has a descriptor of its folder may get around that.
        const auto user = stream.peer().unix_uid;
        if (user && (static_cast<uid_t>(*user) == owner || *user == 0))
          accept(std::move(stream), session);
      });
}

void Gateway::close_socket_of(SessionId session) {
  session_acceptors_.erase(session);
  for (const auto& connection : connections_)
    if (connection->session() == session) connection->abort();
}

void Gateway::accept(io::Stream stream, SessionId session) {
  if (connections_.size() - streams_ >= most_connections_ && !has_no_room_) make_room();
  auto connection = std::make_unique<Connection>(*this, std::move(stream));
  connection->belong_to(session);
  begin(std::move(connection));
}

void Gateway::accept_inner(io::Stream stream, std::shared_ptr<const Inspected> place,
                           SessionId session, std::shared_ptr<TenantId> tenant) {
  auto connection = std::make_unique<Connection>(*this, std::move(stream), std::move(place),
                                                 Connection::Kind::StreamOfHttp2);
  connection->belong_to(session);
  connection->note_tenant_in(std::move(tenant));
  ++streams_;
  begin(std::move(connection));
}

void Gateway::accept_tunnelled(io::Stream stream, std::shared_ptr<const Inspected> place) {
  begin(std::make_unique<Connection>(*this, std::move(stream), std::move(place),
                                     Connection::Kind::Tunnelled));
}

void Gateway::begin(std::unique_ptr<Connection> connection) {
  connections_.push_front(std::move(connection));
  bursts_.note(connections_.size());
  loop_.spawn(serve(connections_.begin()));
}

Status Gateway::show(const io::Certificate& certificate) {
  STRONGROOM_TRY(setup_.tls,
                 io::TlsServer::create(certificate, io::TlsServer::Protocols::Http2AndHttp1));
  return {};
}

io::Task<void> Gateway::serve(std::list<std::unique_ptr<Connection>>::iterator place) {
  co_await (*place)->run();
  if ((*place)->is_stream()) --streams_;
  connections_.erase(place);
  drained_when_empty();
}

/// Full: connections that wait for a request make room, those of whoever has most of them first; a
/// stream of HTTP/2 would make none. While all are busy, a new one takes its chance with what
/// descriptors are left.
void Gateway::make_room() {
  std::vector<WaitingConnection> waiting;
  std::vector<Connection*> places;
  for (const auto& connection : connections_) {
    const auto since = connection->waits_since();
    if (!since || connection->is_stream()) continue;
    waiting.push_back({connection->tenant(), *since});
    places.push_back(connection.get());
  }
  has_no_room_ = waiting.empty();
  const std::size_t wanted = std::max<std::size_t>(1, most_connections_ / 64);
  for (const std::size_t index : choose_to_close(waiting, wanted)) places[index]->abort();
}

void Gateway::tell_of_refusals() {
  const lease::Refusals refusals = refusals_.take();
  if (!refusals.counts.empty()) link_.report(refusals);
}

/// What a burst needed. The heap keeps what is freed in its middle unless it is told.
void Gateway::give_memory_back() {
  bool has_freed = workspaces.trim();
  has_freed = blocks.trim() || has_freed;
  has_freed = inputs.trim() || has_freed;
  has_freed = bursts_.is_over(connections_.size(), loop_.kept_buffers().let_go()) || has_freed;
  if (has_freed) io::give_free_heap_back();
}

void Gateway::report(const lease::Finding& finding) {
  if (findings_.admit(finding, loop_.coarse_now())) link_.report(finding);
}

void Gateway::log_failure(const lease::Finding& failure) {
  const auto left_out = failures_.admit(failure, loop_.coarse_now());
  if (!left_out) return;
  log(LogLevel::Warning, "upstream_failed",
      {{"service", failure.service},
       {"host", failure.host},
       {"session", failure.session.is_none() ? std::string() : failure.session.text()},
       {"reason", failure.what},
       {"left_out", *left_out}});
}

Result<const io::TlsServer*> Gateway::server_for(SessionId session, std::string_view host) {
  auto server = authorities_.server_for(session, host);
  if (server) return server;
  const std::string& reason = server.error().reason;
  const std::string why = reason.empty() ? "making_failed" : reason;
  if (const auto left_out =
          unmade_.admit({session, {}, why, std::string(host), {}}, loop_.coarse_now()))
    log(LogLevel::Warning, "certificate_not_made",
        {{"session", session.text()}, {"host", host}, {"reason", why}, {"left_out", *left_out}});
  return server;
}

void Gateway::learn(const lease::SpentByOthers& spent) {
  for (const auto& entry : spent.entries) quotas_.learn(entry.policy, entry.spent);
}

std::string Gateway::connect_link(const Route& route) const {
  if (setup_.console_url.empty() || route.service == nullptr) return {};
  return setup_.console_url + "#connect=" + route.service->id;
}

void Gateway::drain(std::chrono::milliseconds within, std::function<void()> on_drained) {
  if (is_draining_) return;
  is_draining_ = true;
  on_drained_ = std::move(on_drained);
  for (const auto& acceptor : acceptors_) acceptor->stop();
  session_acceptors_.clear();
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
