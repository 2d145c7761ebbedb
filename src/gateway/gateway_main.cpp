// strongroom-gateway: started by the vault with descriptor 3 the lease channel, 4 the listening
// socket, 5 the one of the transparent ingress (a Unix socket), and 6 a channel over which sockets
// of single sessions come. It opens no file but the system's certificate roots; everything else
// comes over the channels. SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>

#include "base/encoding.h"
#include "base/log.h"
#include "gateway/confinement.h"
#include "gateway/gateway.h"
#include "io/descriptor_passing.h"
#include "io/process/process.h"

namespace strongroom::gateway {
namespace {

constexpr int kChannel = 3;
constexpr int kListening = 4;
constexpr int kUnixListening = 5;
constexpr int kSessionSockets = 6;

Result<Setup> make_setup(lease::VaultHello& hello) {
  std::vector<catalog::SourceFile> sources;
  for (auto& [name, text] : hello.catalog_sources)
    sources.push_back({std::move(name), std::move(text)});
  STRONGROOM_TRY(auto catalog, catalog::Catalog::from_sources(std::move(sources)));
  STRONGROOM_TRY(auto upstream_tls, io::TlsClient::create(hello.extra_ca_pem));
  STRONGROOM_TRY(auto undecided_tls, io::TlsServer::undecided());
  Setup setup{std::move(catalog),       std::nullopt,           std::move(upstream_tls),
              std::move(undecided_tls), std::move(hello.dials), std::move(hello.link_key)};
  setup.tenant_exchanges = hello.tenant_exchanges;
  setup.console_url = std::move(hello.console_url);
  setup.plain_http = hello.plain_http;
  setup.upstream_proxy = std::move(hello.upstream_proxy);
  return setup;
}

class Program {
 public:
  Program() : loop_(clock_), link_(loop_, hello(), handlers()) {}

  int run() {
    auto channel = io::Stream::adopt(loop_, kChannel);
    if (!channel) return 1;
    loop_.on_signals({SIGTERM, SIGINT}, [this](int number) {
      // A terminal's Ctrl-C reaches the vault as well, which then drains us in order.
      if (number == SIGTERM) drain(drain_time_);
    });
    ::signal(SIGPIPE, SIG_IGN);
    link_.connect(std::move(*channel));
    loop_.run();
    return exit_code_;
  }

 private:
  static lease::HolderHello hello() {
    lease::HolderHello out;
    out.role = lease::HolderRole::Gateway;
    out.pid = static_cast<std::uint32_t>(::getpid());
    out.name = "gateway " + std::to_string(::getpid());
    return out;
  }

  lease::HolderLink::Handlers handlers() {
    lease::HolderLink::Handlers out;
    out.on_hello = [this](lease::VaultHello&& from) { begin(std::move(from)); };
    out.check_key = [this](LeaseId id) { return gateway_->check_key(id); };
    out.on_spent = [this](const lease::SpentByOthers& spent) {
      if (gateway_ != nullptr) gateway_->learn(spent);
    };
    out.on_certificate = [this](const lease::ServerCertificate& certificate) {
      if (gateway_ != nullptr) (void)show(certificate.chain_pem, certificate.private_key_pem);
    };
    out.on_drain = [this](std::chrono::milliseconds within) { drain(within); };
    out.on_channel_lost = [this](const std::string&) { leave(0); };
    return out;
  }

  void begin(lease::VaultHello&& from) {
    drain_time_ = std::chrono::milliseconds(from.drain_ms);
    auto setup = make_setup(from);
    if (!setup) {
      log(LogLevel::Error, "setup_failed", {{"why", setup.error().message}});
      return leave(1);
    }
    gateway_ = std::make_unique<Gateway>(loop_, link_, std::move(*setup));
    if (!from.certificate_chain_pem.empty() &&
        !show(from.certificate_chain_pem, from.certificate_private_key_pem))
      return leave(1);
    gateway_->listen(kListening);
    gateway_->listen(kUnixListening);
    session_sockets_ = std::make_unique<io::DescriptorReceiver>(
        loop_, kSessionSockets, [this](ByteView message, int fd) { learn_socket(message, fd); });
  }

  bool show(const std::string& chain_pem, const Secret& private_key_pem) {
    io::Certificate certificate;
    certificate.chain_pem = chain_pem;
    private_key_pem.reveal(
        [&](ByteView pem) { certificate.private_key_pem = std::string(text_of(pem)); });
    const auto shown = gateway_->show(certificate);
    wipe(certificate.private_key_pem.data(), certificate.private_key_pem.size());
    if (!shown) log(LogLevel::Error, "certificate_not_usable", {{"why", shown.error().message}});
    return shown.has_value();
  }

  /// A session, the socket's owner, and the socket; without one, it is to be closed.
  void learn_socket(ByteView message, int fd) {
    Reader reader(message);
    IdBytes id{};
    const ByteView octets = reader.raw(id.size());
    const uid_t owner = reader.u32();
    if (!reader.is_ok()) return;
    std::copy_n(octets.begin(), id.size(), id.begin());
    if (fd < 0) return gateway_->close_socket_of(SessionId(id));
    gateway_->listen_for(SessionId(id), owner, fd);
  }

  void drain(std::chrono::milliseconds within) {
    if (gateway_ == nullptr) return leave(0);
    gateway_->drain(within, [this] { loop_.spawn(finish()); });
  }

  /// The last settlements go out before the channel ends.
  io::Task<void> finish() {
    co_await link_.close(Deadline::after(clock_, std::chrono::seconds(2)));
    leave(0);
  }

  /// Without the vault no key may be used: everything ends, now.
  void leave(int exit_code) {
    exit_code_ = exit_code;
    loop_.stop();
  }

  SystemClock clock_;
  io::Loop loop_;
  lease::HolderLink link_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<io::DescriptorReceiver> session_sockets_;
  std::chrono::milliseconds drain_time_{10'000};
  int exit_code_ = 0;
};

}  // namespace
}  // namespace strongroom::gateway

int main() {
  strongroom::configure_log("strongroom-gateway", strongroom::LogLevel::Warning);
  if (const auto confined = strongroom::io::confine_this_process(); !confined) {
    std::fprintf(stderr, "strongroom-gateway: %s\n", confined.error().message.c_str());
    return 1;
  }
  if (const auto confined = strongroom::gateway::confine_gateway(); !confined) {
    std::fprintf(stderr, "strongroom-gateway: %s\n", confined.error().message.c_str());
    return 1;
  }
  auto program = std::make_unique<strongroom::gateway::Program>();
  const int exit_code = program->run();
  // Connections that still stand are ended by the kernel; their coroutines need no unwinding.
  std::fflush(nullptr);
  ::_exit(exit_code);
}
