// Fuzzes the guards, for a key on its way back, for a session's passes on their way out and for any
// of a workroom's values: however the same octets are cut, the same comes out, as long as what went
// in, and without what is sought. SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <string>

#include "crypto/crypto.h"
#include "gateway/guard/frame_guard.h"
#include "gateway/guard/pass_patterns.h"
#include "guard/any_value.h"
#include "guard/guard.h"
#include "guard/value_patterns.h"

using namespace strongroom;
using namespace strongroom::gateway;

namespace {

constexpr std::string_view kKey = "AIza-_+/\"\\&%7fQ";
constexpr std::string_view kPass = "sk-0Aa-_zZ9bcdefghijklmnopqrstuvwxyzABCDEFGH-_";

std::shared_ptr<const guard::Patterns> pass_patterns() {
  const std::vector<lease::SessionPass> passes = {
      {"sk-", crypto::sha256(bytes_of(kPass))}, {"sk-ant-api03-", {}}, {"AIza", {}}};
  return PassPatterns::make(passes);
}

std::shared_ptr<const guard::Patterns> any_value() {
  const auto out = std::make_shared<guard::AnyValue>();
  for (const std::string_view each : {"another-+/ value", "AIza-other", "tok_0123456789"})
    out->add(guard::ValuePatterns::make(Secret(bytes_of(each))));
  out->add(guard::ValuePatterns::make(Secret(bytes_of(kKey))));
  return out;
}

std::string through(const std::shared_ptr<const guard::Patterns>& patterns, std::string_view in,
                    std::size_t piece, guard::Ends ends = guard::Ends::Nothing) {
  guard::Guard guard(patterns);
  std::string out;
  while (!in.empty()) {
    std::string part(in.substr(0, piece));
    in.remove_prefix(part.size());
    out += text_of(
        guard.feed(MutableBytes(reinterpret_cast<std::uint8_t*>(part.data()), part.size()), ends));
  }
  return out += text_of(guard.feed({}, guard::Ends::All));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  static const std::shared_ptr<const guard::Patterns> all[] = {
      guard::ValuePatterns::make(Secret(bytes_of(kKey))), pass_patterns(), any_value()};
  const std::size_t which = data[0] / 86;
  const auto& patterns = all[which];
  const std::string_view sought = which == 1 ? kPass : kKey;
  const std::size_t piece = 1 + data[0] % 17;
  // '@' stands for what is sought, so that it is met often.
  std::string in;
  for (std::size_t i = 1; i < size; ++i) {
    if (data[i] == '@')
      in += sought;
    else
      in += static_cast<char>(data[i]);
  }
  const std::string whole = through(patterns, in, in.size());
  if (whole.size() != in.size() || whole.find(sought) != std::string::npos) std::abort();
  if (through(patterns, in, piece) != whole || through(patterns, in, 1) != whole) std::abort();
  // Messages that are said to end anywhere: what is sought does not come out either.
  for (const std::size_t each : {piece, std::size_t{1}}) {
    const std::string out = through(patterns, in, each, guard::Ends::Message);
    if (out.size() != in.size() || out.find(sought) != std::string::npos) std::abort();
  }
  // Frames: no crash, and nothing longer comes out.
  FrameGuard frames(which == 1 ? http::FrameSender::Client : http::FrameSender::Server, patterns);
  std::size_t out = 0;
  std::string copy = in;
  MutableBytes rest(reinterpret_cast<std::uint8_t*>(copy.data()), copy.size());
  while (!rest.empty()) {
    const std::size_t now = std::min(piece, rest.size());
    const auto fed = frames.feed(rest.first(now));
    out += fed.free.size();
    if (fed.close_code != 0) break;
    rest = rest.subspan(now);
  }
  if (out > in.size()) std::abort();
  return 0;
}
