// The vault's process, wired by hand: store → root key → record → vault → leases → gateways →
// control API → metrics. SPDX-License-Identifier: Apache-2.0
#include "app/serve.h"
#include "app/endpoints.h"
#include "app/gauges.h"
#include "app/reach.h"
#include "app/session_ends.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include "api/metrics.h"
#include "api/server.h"
#include "app/backups.h"
#include "app/confinement.h"
#include "app/credential_keeper.h"
#include "app/external_seals.h"
#include "app/fences_with_sockets.h"
#include "app/files.h"
#include "app/gateway_certificate.h"
#include "app/gateway_keeper.h"
#include "app/health_keeper.h"
#include "app/key_check.h"
#include "app/lease_source.h"
#include "app/login_keeper.h"
#include "app/operator_token.h"
#include "app/output.h"
#include "app/prompt.h"
#include "app/seal_watch.h"
#include "app/sealed_start.h"
#include "app/searches.h"
#include "app/session_sockets.h"
#include "app/sink_watch.h"
#include "app/supervisor_process.h"
#include "app/tpm_counter.h"
#include "app/witness_word.h"
#include "base/encoding.h"
#include "base/log.h"
#include "io/net.h"
#include "io/process/process.h"
#include "vault/anchor.h"
#include "vault/rewrap.h"
#include "vault/root_secrets.h"
#include "vault/seal.h"

namespace strongroom::app {
namespace {

const vault::Actor kItself = vault::Actor::installation("vault");

LogLevel level_of(const std::string& name) {
  if (name == "debug") return LogLevel::Debug;
  if (name == "warning") return LogLevel::Warning;
  if (name == "error") return LogLevel::Error;
  return LogLevel::Info;
}

class Server {
 public:
  explicit Server(Config config)
      : config_(std::move(config)),
        loop_(clock_),
        external_seals_(ExternalSeals::of(config_.flags)),
        session_sockets_(config_.path("sockets")) {}

  Status start() {
    STRONGROOM_CHECKED(prepare_private_directory(config_.data_directory));
    STRONGROOM_CHECKED(take_lock());
    Backups::remove_left_over(config_.data_directory);
    STRONGROOM_CHECKED(open_store());
    loop_.on_signals({SIGTERM, SIGINT, SIGCHLD}, [this](int number) { on_signal(number); });
    auto root = vault::open_root_key(*store_, seal_options());
    if (root) return open(std::move(*root));
    if (root.error().reason != vault::kSealedReason) return std::unexpected(root.error());
    return wait_sealed(root.error().message);
  }

  void run() { loop_.run(); }
  /// Why it ended, where that was not asked for.
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

 private:
  /// The rest of the start, with the root key.
  Status open(Secret root) {
    STRONGROOM_CHECKED(open_vault(std::move(root)));
    STRONGROOM_CHECKED(bind_control());
    STRONGROOM_TRY(sockets_.gateway, listen(config_.gateway, "--gateway"));
    STRONGROOM_TRY(sockets_.relay_fd, io::listen_unix(config_.path("gateway.sock")));
    STRONGROOM_CHECKED(open_certificate());
    STRONGROOM_CHECKED(start_leases());
    STRONGROOM_CHECKED(start_sinks());
    STRONGROOM_CHECKED(start_control());
    seal_watch_->start();
    end_abandoned();  // of this user: they tell us by themselves
    session_ends_->end_lost();
    vault::go_on_with_rewraps(loop_, *vault_);
    STRONGROOM_CHECKED(keeper_->start());
    expiry_ = loop_.every(std::chrono::seconds(1), [this] {
      session_ends_->tick();
      (void)vault_->store_what_is_fenced();
      (void)vault_->anchor_newest();
      credentials_->tick();
      health_->tick();
      logins_->tick();
    });
    sharing_ = loop_.every(kShareEvery, [this] {
      share_spending();
      session_sockets_.tell_all();
    });
    saving_ = loop_.every(kSaveEvery, [this] { save_spending(); });
    renewing_ = loop_.every(kLookForCertificateEvery, [this] { renew_certificate(); });
    return {};
  }

  [[nodiscard]] vault::SealOptions seal_options() {
    vault::SealOptions options{config_.seal, config_.path("seal.key"), read_passphrase};
    external_seals_.give_to(options);
    return options;
  }

  /// No seal opens by itself: the control API says so, and takes what opens one.
  Status wait_sealed(const std::string& why) {
    STRONGROOM_CHECKED(bind_control());
    api::ControlOptions options;
    STRONGROOM_TRY(options.token_hash, operator_token(config_.path("operator.token")));
    options.owner_uid = ::geteuid();
    sealed_ = std::make_unique<SealedStart>(
        SealedStart::Parts{loop_, *store_, seal_options(), external_seals_, why,
                           [this](Secret root) { return open(std::move(root)); },
                           [this](Error error) {
                             failure_ = std::move(error);
                             remove_sockets();
                             loop_.stop();
                           }},
        std::move(options));
    STRONGROOM_CHECKED(sealed_->start(sockets_.control.fd, sockets_.unix_fd));
    tell_endpoints();
    std::printf("Strongroom %s\nsealed: %s\n", STRONGROOM_VERSION, sealed_->waits_for().c_str());
    std::fflush(stdout);
    return {};
  }

  /// One server a data directory.
  Status take_lock() {
    const std::string path = config_.path("lock");
    lock_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock_ < 0)
      return fail(Code::Storage, "cannot write to the data directory " + config_.data_directory +
                                     ": " + std::strerror(errno));
    if (::flock(lock_, LOCK_EX | LOCK_NB) != 0)
      return fail(Code::Conflict, "another Strongroom serves " + config_.data_directory +
                                      " already; stop it first, or choose another --data");
    return {};
  }

  Status open_store() {
    STRONGROOM_TRY(auto catalog, catalog::Catalog::load(config_.path("catalog")));
    catalog_ = std::make_unique<catalog::Catalog>(std::move(catalog));
    STRONGROOM_TRY(store_, store::open_sqlite(config_.path("strongroom.db")));
    return {};
  }

  Status open_vault(Secret root) {
    STRONGROOM_TRY(authority_seed_, vault::gateway_authority_seed(*store_, root));
    audit::Log::Options record;
    record.directory = config_.path("audit");
    record.clock = &clock_;
    STRONGROOM_TRY(record.signing_key, vault::record_signing_key(*store_, root));
    record.post = [this](std::function<void()> work) { loop_.post(std::move(work)); };
    const auto record_key = crypto::public_key_of(record.signing_key);
    STRONGROOM_TRY(record_, audit::Log::open(std::move(record)));
    anchor_ = vault::anchor_in_file(config_.anchor_file);
    STRONGROOM_TRY(counter_, TpmCounter::of(loop_, config_, *store_));
    STRONGROOM_TRY(const auto witness, word_of_witness(clock_, *record_, config_));
    STRONGROOM_TRY(vault_,
                   vault::Vault::open({clock_, *store_, *catalog_, *record_, std::move(root),
                                       config_.grace, config_.making, config_.path("seal.key"),
                                       anchor_.get(), config_.accept_rollback, counter_.get(),
                                       witness ? &*witness : nullptr}));
    if (counter_) counter_->serve(*vault_);
    STRONGROOM_CHECKED(
        write_file(config_.path("receipt-key.pub"), vault_->receipt_public_key() + "\n", 0600));
    return write_file(config_.path("record-key.pub"), to_base64(record_key) + "\n", 0600);
  }

  /// Once: what is open before the root key stays so.
  Status bind_control() {
    if (metrics_server_) return {};
    STRONGROOM_TRY(sockets_.control, listen(config_.listen, "--listen"));
    STRONGROOM_TRY(sockets_.metrics, listen(config_.metrics, "--metrics"));
    STRONGROOM_TRY(sockets_.unix_fd, io::listen_unix(config_.path("control.sock")));
    metrics_server_ =
        std::make_unique<api::MetricsServer>(loop_, metrics_, [this] { return why_not_ready(); });
    metrics_server_->start(sockets_.metrics.fd);
    return {};
  }
  [[nodiscard]] std::string why_not_ready() const {
    if (!leases_) return "sealed";
    if (leases_->holder_count(lease::HolderRole::Gateway) == 0) return "no gateway has joined yet";
    if (const Status anchor = vault_->anchor_health(); !anchor) return anchor.error().message;
    const Status record = record_->health();
    return record ? std::string() : record.error().message;
  }
  static Result<io::BoundSocket> listen(const std::string& text, const std::string& flag) {
    STRONGROOM_TRY(const auto endpoint, io::parse_endpoint(text));
    auto bound = io::listen_tcp(endpoint);
    if (!bound)
      return fail(bound.error().code,
                  bound.error().message + "; " + flag + " chooses another place");
    return bound;
  }

  Status open_certificate() {
    STRONGROOM_TRY(auto certificate,
                   GatewayCertificate::open(config_, authority_seed_, reach_.names_of_gateway()));
    certificate_ = std::make_unique<GatewayCertificate>(std::move(certificate));
    return {};
  }
  /// One that cannot be used is told of, and the one before goes on being shown.
  void renew_certificate() {
    const auto renewed = certificate_->renew(clock_.wall());
    if (!renewed)
      return log(LogLevel::Error, "certificate_not_renewed", {{"why", renewed.error().message}});
    if (!*renewed) return;
    leases_->show_certificate([this] { return to_message(certificate_->shown()); });
    if (const auto shown = control_->show_certificate(certificate_->shown()); !shown)
      log(LogLevel::Error, "certificate_not_shown", {{"why", shown.error().message}});
    log(LogLevel::Info, "certificate_renewed", {});
  }

  Status start_leases() {
    source_ = std::make_unique<VaultLeaseSource>(VaultLeaseSource::Parts{
        loop_, *vault_, *record_, *catalog_, config_, *certificate_, reach_.console_url()});
    source_->count_refusals = [this](const std::string& code, std::uint32_t count) {
      metrics_.count_refusals(code, count);
    };
    leases_ = std::make_unique<lease::VaultSide>(loop_, *source_);
    session_ends_ = std::make_unique<SessionEnds>(
        SessionEnds::Parts{loop_, clock_, *vault_, *leases_, *source_});
    fences_ = std::make_unique<FencesWithSockets>(*leases_, session_sockets_);
    vault_->set_fences(*fences_);
    STRONGROOM_CHECKED(session_sockets_.restore([this](SessionId id) {
      const auto session = vault_->show_session(kItself, id);
      return session && session->state == "open";
    }));
    STRONGROOM_TRY(const std::string programs, io::own_directory());
    credentials_ = std::make_unique<CredentialKeeper>(
        loop_, *vault_,
        CredentialKeeper::Plan{programs + "/strongroom-issuer", config_.extra_ca_pem,
                               config_.dials});
    vault_->set_issuing(*credentials_);
    logins_ = std::make_unique<LoginKeeper>(
        loop_, *vault_,
        LoginKeeper::Plan{programs + "/strongroom-issuer", config_.extra_ca_pem, config_.dials,
                          config_.path("refresh")});
    health_ = std::make_unique<HealthKeeper>(
        loop_, *vault_,
        HealthKeeper::Plan{config_.check_every, config_.hooks, programs + "/strongroom-issuer",
                           config_.extra_ca_pem, config_.dials, [this](KeyId key) {
                             return check_by_itself(*vault_, *record_, *leases_, key);
                           }});
    GatewayKeeper::Plan plan;
    plan.program = programs + "/strongroom-gateway";
    plan.listening_socket = sockets_.gateway.fd;
    plan.unix_socket = sockets_.relay_fd;
    plan.processes = config_.gateway_processes;
    plan.session_sockets = [this] { return session_sockets_.channel_of_new_gateway(); };
    plan.on_channel = [this](io::Stream channel) {
      leases_->serve(std::move(channel), lease::HolderRole::Gateway);
    };
    plan.on_change = [this] { tell_endpoints(); };
    keeper_ = std::make_unique<GatewayKeeper>(loop_, std::move(plan));
    return {};
  }

  Status start_sinks() {
    SinkWatch::Parts parts{loop_, clock_, *record_, *leases_, metrics_, config_.path("sinks")};
    STRONGROOM_TRY(sinks_, SinkWatch::start(std::move(parts), config_.sinks, config_.witnesses));
    return {};
  }

  Status start_control() {
    api::ControlOptions options;
    STRONGROOM_TRY(options.token_hash, operator_token(config_.path("operator.token")));
    options.owner_uid = ::geteuid();
    options.gateway = reach_.gateway_url();
    options.gateway_authority = certificate_->authority_pem();
    options.provider_authorities = config_.extra_ca_pem;
    options.console_url = reach_.console_url();
    options.allowed_hosts = reach_.names_from_afar();
    options.plain_http_from_afar = config_.plain_http == lease::PlainHttp::FromAnywhere;
    api::ControlHooks hooks;
    hooks.check_key = [this](vault::Actor actor, KeyId key) {
      return check_key(*vault_, *record_, *leases_, std::move(actor), key);
    };
    if (counter_) counter_->offer(hooks);
    logins_->offer(hooks);
    hooks.make_credentials = [this](SessionId session) { return credentials_->make(session); };
    hooks.open_socket = [this](SessionId session, std::optional<unsigned> owner) {
      auto path = session_sockets_.open(session, owner.value_or(::geteuid()));
      if (!path) source_->end_session(session, "no socket");
      return path;
    };
    hooks.expect_runner = [this](SessionId session) { session_ends_->expect_runner(session); };
    hooks.holders_of = [this](SessionId session) { return session_ends_->holders_of(session); };
    backups_ = std::make_unique<Backups>(loop_, *vault_, config_.data_directory);
    hooks.begin_backup = [this](const vault::Actor& actor) { return backups_->begin(actor); };
    seal_watch_ = std::make_unique<SealWatch>(
        SealWatch::Parts{loop_, *vault_, external_seals_, config_.path("seal.key")});
    hooks.add_external_seal = [this](vault::Actor actor, std::string name) {
      return seal_watch_->add(std::move(actor), std::move(name));
    };
    hooks.prepare_external_seal = [this](vault::Actor actor, SealId id) {
      return seal_watch_->prepare(std::move(actor), id);
    };
    searches_ = std::make_unique<Searches>(loop_, *vault_);
    hooks.begin_search = [this](const vault::Actor& actor, vault::SearchedKeys keys) {
      return searches_->begin(actor, std::move(keys));
    };
    hooks.report_end = [this](SessionId session, vault::EndReport report) {
      return session_ends_->take_report(session, std::move(report));
    };
    hooks.sinks = [this] { return sinks_->views(); };
    hooks.attach_runner = [this](SessionId session, io::Stream stream) {
      vault_->note_attached(session);
      leases_->serve(std::move(stream), lease::HolderRole::Runner, session);
    };
    control_ = std::make_unique<api::ControlServer>(
        api::ControlServer::Parts{loop_, *vault_, *record_, *catalog_, &metrics_},
        std::move(options), std::move(hooks));
    STRONGROOM_CHECKED(control_->show_certificate(certificate_->shown()));
    control_->start(sockets_.control.fd, sockets_.unix_fd);
    offer_gauges(metrics_, {*vault_, *record_, *leases_, *source_});
    return {};
  }

  /// With one gateway there is nobody to tell.
  void share_spending() {
    const auto grown = vault_->take_grown_spending();
    if (config_.gateway_processes > 1 && !grown.empty()) leases_->share_spending(grown);
  }

  /// What was spent since the last time is all that a crash of this process forgets.
  void save_spending() {
    if (const auto saved = vault_->save_spending(); !saved)
      log(LogLevel::Warning, "spending_not_saved", {{"why", saved.error().message}});
  }

  /// For commands on this machine; and once all gateways run, for whoever has started it.
  void tell_endpoints() {
    const auto written = write_endpoints(config_, sockets_, keeper_.get());
    if (!written)
      log(LogLevel::Warning, "endpoints_not_written", {{"why", written.error().message}});
    const auto gateways = keeper_ ? keeper_->pids().size() : 0;
    if (static_cast<int>(gateways) != config_.gateway_processes || is_announced_) return;
    is_announced_ = true;
    announce(config_, sockets_, *vault_);
  }

  void on_signal(int number) {
    if (!keeper_) {
      if (number == SIGCHLD) return;
      remove_sockets();
      return loop_.stop();
    }
    if (number == SIGCHLD) {
      keeper_->reap();
      if (is_stopping_ && keeper_->pids().empty()) gateways_gone_.set();
      return;
    }
    if (is_stopping_) return;
    is_stopping_ = true;
    log(LogLevel::Info, "stopping", {{"signal", number}});
    loop_.spawn(stop());
  }

  /// Gateways drain for a bounded time; what runs longer is cut. Sessions stay open in the database
  /// and go on after a restart.
  io::Task<void> stop() {
    keeper_->stop_restarting();
    leases_->drain(std::chrono::milliseconds(config_.drain));
    co_await control_->stop(std::chrono::milliseconds(1000));
    const Deadline limit = Deadline::after(clock_, config_.drain + std::chrono::seconds(3));
    if (!keeper_->pids().empty()) co_await gateways_gone_.wait_until(limit);
    keeper_->signal_all(SIGKILL);
    save_spending();
    (void)vault_->anchor_newest();
    co_await sinks_->drain();
    remove_sockets();
    loop_.stop();
  }

  void remove_sockets() const {
    for (const char* name : {"control.sock", "gateway.sock", "endpoints.json"})
      ::unlink(config_.path(name).c_str());
  }

  static constexpr std::chrono::seconds kShareEvery{1};
  static constexpr std::chrono::seconds kSaveEvery{3};
  static constexpr std::chrono::seconds kLookForCertificateEvery{2};
  Config config_;
  SystemClock clock_;
  io::Loop loop_;
  ExternalSeals external_seals_;
  io::Event gateways_gone_{loop_};
  int lock_ = -1;
  Sockets sockets_;
  Reach reach_{config_, sockets_};
  api::Metrics metrics_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<audit::Log> record_;
  std::unique_ptr<vault::AnchorPlace> anchor_;
  std::unique_ptr<TpmCounter> counter_;
  std::unique_ptr<vault::Vault> vault_;
  Secret authority_seed_;
  std::unique_ptr<GatewayCertificate> certificate_;
  std::unique_ptr<VaultLeaseSource> source_;
  SessionSockets session_sockets_;
  std::unique_ptr<lease::VaultSide> leases_;
  std::unique_ptr<SessionEnds> session_ends_;
  std::unique_ptr<FencesWithSockets> fences_;
  std::unique_ptr<SinkWatch> sinks_;
  std::unique_ptr<CredentialKeeper> credentials_;
  std::unique_ptr<LoginKeeper> logins_;
  std::unique_ptr<HealthKeeper> health_;
  std::unique_ptr<GatewayKeeper> keeper_;
  std::unique_ptr<Searches> searches_;
  std::unique_ptr<SealWatch> seal_watch_;
  std::unique_ptr<Backups> backups_;
  std::unique_ptr<api::ControlServer> control_;
  std::unique_ptr<api::MetricsServer> metrics_server_;
  std::unique_ptr<io::Loop::Ticker> expiry_;
  std::unique_ptr<io::Loop::Ticker> sharing_;
  std::unique_ptr<io::Loop::Ticker> saving_;
  std::unique_ptr<io::Loop::Ticker> renewing_;
  std::unique_ptr<SealedStart> sealed_;
  std::optional<Error> failure_;
  bool is_stopping_ = false;
  bool is_announced_ = false;
};

}  // namespace

int serve(const ServeFlags& flags) {
  ::umask(0077);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is met like a full disk
  auto config = load_config(flags);
  if (!config) return report(config.error());
  configure_log("strongroom", level_of(config->log_level));
  if (const auto confined = io::confine_this_process(); !confined) return report(confined.error());
  end_abandoned();  // which may take a container's runtime, and this what the vault gives up
  if (const auto confined = confine_vault(); !confined) return report(confined.error());
  if (!secret_arena_use().locked)
    log(LogLevel::Warning, "memory_not_locked",
        {{"mend", "raise the limit of locked memory (ulimit -l) to 8 MiB"}});
  auto server = std::make_unique<Server>(std::move(*config));
  if (const auto started = server->start(); !started) return report(started.error());
  server->run();
  return server->failure() ? report(*server->failure()) : 0;
}

}  // namespace strongroom::app
