// SPDX-License-Identifier: Apache-2.0
#include "app/health_keeper.h"

#include <algorithm>

#include "base/log.h"

namespace strongroom::app {
namespace {

constexpr std::size_t kKeysASecond = 50;
constexpr int kChecksAtOnce = 2;
constexpr std::size_t kDeliveriesAtOnce = 4;
constexpr Duration kForOne = std::chrono::seconds(30);

json::object document_of(const vault::KeyHealth& key, WallTime now) {
  json::object data{{"id", key.key.text()},
                    {"tenant", key.tenant},
                    {"service", key.service},
                    {"label", key.label},
                    {"state", key.state},
                    {"was", key.told},
                    {"owner", key.owner.empty() ? json::value(nullptr) : json::value(key.owner)}};
  data["expires"] = key.expires ? json::value(to_rfc3339(*key.expires)) : json::value(nullptr);
  return {{"type", "key." + key.state}, {"timestamp", to_rfc3339(now)}, {"data", std::move(data)}};
}

}  // namespace

void HealthKeeper::tick() {
  has_begun_check_ = false;
  const auto page = vault_.health_page(after_, kKeysASecond);
  if (!page) return log(LogLevel::Warning, "health_not_read", {{"why", page.error().message}});
  after_ = page->next;
  for (const auto& key : page->keys) look_at(key);
  if (!plan_.hooks.empty()) deliver_due();
}

void HealthKeeper::look_at(const vault::KeyHealth& key) {
  if (key.state != key.told && !plan_.hooks.empty()) tell(key);
  if (plan_.check_every.count() > 0) consider_check(key);
}

void HealthKeeper::tell(const vault::KeyHealth& key) {
  const std::string body = to_text(document_of(key, loop_.clock().wall()));
  std::vector<vault::NewNotice> notices;
  for (const auto& hook : plan_.hooks)
    if (hook.tenant.empty() || hook.tenant == key.tenant) notices.push_back({hook.url, body});
  if (const auto told = vault_.tell_health(key.key, key.state, notices); !told)
    log(LogLevel::Warning, "notice_not_kept", {{"why", told.error().message}});
}

// ------------------------------------------------------------------------------------------------
// checks

Duration HealthKeeper::pause(int least, int most) {
  const int hundredths = std::uniform_int_distribution<int>(least, most)(random_);
  return std::chrono::duration_cast<Duration>(plan_.check_every) * hundredths / 100;
}

void HealthKeeper::consider_check(const vault::KeyHealth& key) {
  if (!key.is_checked) {
    next_check_.erase(key.key);
    return;
  }
  const SteadyTime now = loop_.clock().steady();
  const auto [due, is_new] = next_check_.try_emplace(key.key);
  // After a start they spread over the whole time.
  if (is_new) due->second = now + pause(0, 100);
  if (now < due->second || has_begun_check_ || checks_under_way_ >= kChecksAtOnce) return;
  due->second = now + pause(75, 125);
  has_begun_check_ = true;
  loop_.spawn(check(key.key));
}

io::Task<void> HealthKeeper::check(KeyId key) {
  ++checks_under_way_;
  co_await plan_.check(key);
  --checks_under_way_;
}

// ------------------------------------------------------------------------------------------------
// notices

void HealthKeeper::deliver_due() {
  auto due = vault_.due_notices();
  if (!due) return log(LogLevel::Warning, "notices_not_read", {{"why", due.error().message}});
  for (auto& notice : *due) {
    if (under_way_.size() >= kDeliveriesAtOnce) return;
    if (!under_way_.insert(notice.id).second) continue;
    loop_.spawn(deliver(std::move(notice)));
  }
}

/// The job holds no secret: what is signed is signed here.
Result<dynamic::IssuerProcess> HealthKeeper::begin(const vault::DueNotice& notice) {
  const auto hook = std::ranges::find(plan_.hooks, notice.hook, &Webhook::url);
  if (hook == plan_.hooks.end())
    return fail(Code::NotFound, "that webhook is not in the configuration any more");
  const std::int64_t now =
      std::chrono::duration_cast<std::chrono::seconds>(loop_.clock().wall().time_since_epoch())
          .count();
  dynamic::Job job;
  job.source = dynamic::Source::Webhook;
  job.name = notice.id.text();
  job.reference = hook->target;
  job.settings = {{"body", notice.body},
                  {"timestamp", std::to_string(now)},
                  {"signature", hook->signature(notice.id.text(), now, notice.body)}};
  job.authority = hook->authority;
  job.trusted_pem = plan_.trusted_pem;
  const auto led = std::ranges::find(plan_.dials, job.authority, &lease::Dial::authority);
  if (led != plan_.dials.end()) job.dial = led->to;
  return dynamic::IssuerProcess::start(loop_, plan_.program, job);
}

io::Task<void> HealthKeeper::deliver(vault::DueNotice notice) {
  Status taken;
  auto started = begin(notice);
  if (!started)
    taken = std::unexpected(started.error());
  else
    taken = co_await started->wait(kForOne);
  if (taken) {
    const auto outcome = started->outcome();
    if (!outcome)
      taken = std::unexpected(outcome.error());
    else if (!outcome->error.empty())
      taken = fail(outcome->code, outcome->error);
  }
  if (!taken)
    log(LogLevel::Warning, "notice_not_taken",
        {{"notice", notice.id.text()}, {"why", taken.error().message}});
  const bool has_hook =
      std::ranges::find(plan_.hooks, notice.hook, &Webhook::url) != plan_.hooks.end();
  if (const auto noted = vault_.note_notice(notice.id, taken.has_value() || !has_hook); !noted)
    log(LogLevel::Warning, "notice_not_noted", {{"why", noted.error().message}});
  under_way_.erase(notice.id);
}

}  // namespace strongroom::app
