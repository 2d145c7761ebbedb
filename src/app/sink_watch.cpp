// SPDX-License-Identifier: Apache-2.0
#include "app/sink_watch.h"

namespace strongroom::app {
namespace {

constexpr std::chrono::seconds kDrain{2};
constexpr std::chrono::milliseconds kDrainLook{50};

audit::Act act_of(const std::optional<Error>& why) {
  audit::Act act;
  act.actor = "vault";
  act.action = why ? "uses.hold" : "uses.resume";
  act.outcome = "done";
  if (why) act.detail = why->message;
  return act;
}

}  // namespace

Result<std::unique_ptr<SinkWatch>> SinkWatch::start(
    Parts parts, const std::vector<sinks::Settings>& sinks,
    const std::vector<sinks::WitnessSettings>& witnesses) {
  auto watch = std::unique_ptr<SinkWatch>(new SinkWatch(std::move(parts)));
  if (sinks.empty() && witnesses.empty()) return watch;
  sinks::Sinks::Options options;
  options.sinks = sinks;
  options.witnesses = witnesses;
  options.directory = watch->parts_.directory;
  options.clock = &watch->parts_.clock;
  options.record = &watch->parts_.record;
  options.on_hold = [self = watch.get()](std::optional<Error> why) {
    self->parts_.loop.post([self, why = std::move(why)] { self->hold(why); });
  };
  STRONGROOM_TRY(watch->sinks_, sinks::Sinks::start(std::move(options)));
  watch->offer_metrics();
  return watch;
}

/// The vault grants no lease while uses are held: gateways that have one must ask again.
void SinkWatch::hold(const std::optional<Error>& why) {
  parts_.record.record_later(act_of(why));
  if (why) parts_.leases.refresh_everything();
}

std::vector<sinks::View> SinkWatch::views() const {
  return sinks_ ? sinks_->views() : std::vector<sinks::View>();
}

io::Task<void> SinkWatch::drain() {
  const Deadline limit = Deadline::after(parts_.clock, kDrain);
  while (sinks_ && !sinks_->is_idle() && !limit.has_passed(parts_.clock.steady()))
    co_await parts_.loop.sleep(kDrainLook);
}

void SinkWatch::offer_metrics() {
  const auto offer = [this](const std::string& name, const std::string& help, auto value) {
    parts_.metrics.gauges(name, help, "sink", [this, value] {
      std::vector<std::pair<std::string, double>> out;
      for (const auto& each : views()) out.emplace_back(each.name, value(each));
      return out;
    });
  };
  offer("strongroom_sink_pending_entries", "Entries of the record that wait for a sink",
        [](const sinks::View& each) { return static_cast<double>(each.pending); });
  offer("strongroom_sink_behind_seconds", "Since when something waits for a sink",
        [](const sinks::View& each) { return static_cast<double>(each.behind.count()); });
  offer("strongroom_sink_failing", "1 while a sink does not take the record",
        [](const sinks::View& each) { return each.error.empty() ? 0.0 : 1.0; });
}

}  // namespace strongroom::app
