// Sink: where the octets go that are to be searched, object by object.
//
// Implemented by: RemoteSink. Used by: what reads folders, archives and histories.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace strongroom::scan {

/// Where an object is found. `name_begins`: for a name that is itself searched, where it begins in
/// `path`; else npos.
struct Place {
  std::string path;
  std::size_t name_begins = std::string::npos;
};

class Sink {
 public:
  Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  virtual ~Sink() = default;

  /// TooLarge: the scan's limits are reached; nothing more is taken.
  [[nodiscard]] virtual Status begin(Place place) = 0;
  [[nodiscard]] virtual Status data(ByteView octets) = 0;
  [[nodiscard]] virtual Status end() = 0;
  /// Something was not looked into, and why: the scan is not whole.
  virtual void skip(std::string path, std::string why) = 0;

  /// An object of which all is here.
  [[nodiscard]] Status whole(Place place, ByteView octets) {
    STRONGROOM_CHECKED(begin(std::move(place)));
    STRONGROOM_CHECKED(data(octets));
    return end();
  }
};

}  // namespace strongroom::scan
