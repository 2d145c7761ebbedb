// SPDX-License-Identifier: Apache-2.0
#include "base/url.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace strongroom {

std::string host_of_url(std::string_view url) {
  const auto parsed = boost::urls::parse_uri(url);
  return parsed ? parsed->host_address() : std::string();
}

}  // namespace strongroom
