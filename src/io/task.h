// Task: the coroutine type of the house, an Asio awaitable. SPDX-License-Identifier: Apache-2.0
//
// House rules: a statement with co_await names one call and builds no object in it; no Secret lives
// in a coroutine frame across a co_await; parameters are views, scalars, ids, moved-in owners, or
// references that outlive the connection.
#pragma once

#include <boost/asio/awaitable.hpp>

namespace strongroom::io {
template <class T>
using Task = boost::asio::awaitable<T>;
}  // namespace strongroom::io
