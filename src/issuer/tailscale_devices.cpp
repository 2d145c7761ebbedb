// SPDX-License-Identifier: Apache-2.0
#include "issuer/tailscale_devices.h"

#include <algorithm>

namespace strongroom::issuer {
namespace {

using dynamic::Job;

/// How far clocks and answers may be apart.
constexpr std::chrono::seconds kSlack{60};
constexpr std::size_t kLongestId = 64;

/// It becomes part of a path.
bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= kLongestId && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

std::string text_in(const json::object& object, std::string_view name) {
  const auto* found = object.if_contains(name);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

bool has_all(const json::object& device, const std::vector<std::string>& tags) {
  const auto* list = device.if_contains("tags");
  if (list == nullptr || !list->is_array()) return false;
  return std::ranges::all_of(tags, [&](const std::string& tag) {
    return std::ranges::any_of(list->get_array(), [&](const json::value& one) {
      return one.is_string() && std::string_view(one.get_string()) == tag;
    });
  });
}

bool is_said_to_stay(const json::object& device) {
  const auto* is_ephemeral = device.if_contains("isEphemeral");
  return is_ephemeral != nullptr && is_ephemeral->is_bool() && !is_ephemeral->get_bool();
}

/// Not older than what was made at `made`, as far as is known.
bool is_since(const Device& device, WallTime made, Duration offset) {
  if (!device.created) return true;
  const auto there = made + std::chrono::duration_cast<std::chrono::microseconds>(offset);
  return *device.created >= there - kSlack;
}

/// A session's own key lets one device in: where two go by its name, neither is believed.
bool is_of_a_neighbour(const Device& device, const std::vector<Device>& ours, const Job& job,
                       Duration offset) {
  const auto found = std::ranges::find(job.neighbours, device.name, &dynamic::Neighbour::name);
  return found != job.neighbours.end() && is_since(device, found->created, offset) &&
         std::ranges::count(ours, device.name, &Device::name) == 1;
}

}  // namespace

std::vector<std::string> tags_of(const Job& job) {
  std::vector<std::string> out;
  std::string_view rest = job.setting("tags");
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find(','));
    out.emplace_back(one);
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
  }
  return out;
}

Result<std::vector<Device>> our_devices(const json::value& list,
                                        const std::vector<std::string>& tags) {
  const auto* devices = list.is_object() ? list.get_object().if_contains("devices") : nullptr;
  if (devices == nullptr || !devices->is_array())
    return fail(Code::Protocol, "Tailscale's list of devices is not understood");
  std::vector<Device> out;
  for (const auto& each : devices->get_array()) {
    if (!each.is_object()) return fail(Code::Protocol, "Tailscale's device is not understood");
    const auto& device = each.get_object();
    if (!has_all(device, tags) || is_said_to_stay(device)) continue;
    std::string id = text_in(device, "nodeId");
    if (id.empty()) id = text_in(device, "id");
    if (!is_id(id)) return fail(Code::Protocol, "Tailscale's name for a device is not understood");
    out.push_back(
        {std::move(id), text_in(device, "hostname"), parse_time(text_in(device, "created"))});
  }
  return out;
}

std::vector<std::string> to_remove(const std::vector<Device>& ours, const Job& job,
                                   Duration offset) {
  std::vector<std::string> out;
  for (const auto& device : ours) {
    const bool may_be_its = is_since(device, job.created, offset);
    const bool is_named = device.name == job.name;
    if (is_named || (may_be_its && !is_of_a_neighbour(device, ours, job, offset)))
      out.push_back(device.id);
  }
  return out;
}

}  // namespace strongroom::issuer
