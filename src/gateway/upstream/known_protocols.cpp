// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/known_protocols.h"

namespace strongroom::gateway {

void KnownProtocols::note(std::string_view authority, Speaks speaks, SteadyTime now) {
  if (known_.size() >= kMost) known_.clear();
  known_.insert_or_assign(std::string(authority), Known{speaks, now});
}

bool KnownProtocols::leads_to_http2(std::string_view authority, ProtocolWish wish,
                                    SteadyTime now) const {
  if (wish == ProtocolWish::Http1Only) return false;
  const auto found = known_.empty() ? known_.end() : known_.find(authority);
  const bool is_known = found != known_.end() && now - found->second.since < kKept;
  if (!is_known) return wish == ProtocolWish::Http2First;
  switch (found->second.speaks) {
    case Speaks::Http1:
      return false;
    case Speaks::Both:
      return wish == ProtocolWish::Http2First;
    case Speaks::Http2Alone:
      break;
  }
  return true;
}

}  // namespace strongroom::gateway
