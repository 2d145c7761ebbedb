// SPDX-License-Identifier: Apache-2.0
#include "api/scim_door.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "api/errors.h"
#include "api/scim_documents.h"
#include "base/encoding.h"
#include "base/wiping.h"
#include "http/head.h"
#include "scim/documents.h"
#include "scim/filter.h"
#include "scim/patch.h"
#include "scim/resource.h"

namespace strongroom::api {
namespace {

constexpr std::string_view kMedia = "application/scim+json";
constexpr std::string_view kSearch = ".search";

/// One admitted request, read as far as its path.
struct ScimCall {
  const Services& services;
  vault::Provisioner who;
  std::string base;
  std::string endpoint;  ///< "Users"
  std::string id;        ///< may be empty
  const http::ServerRequest& request;
  http::TextPairs asked;  ///< the query, or what a search has in its body

  [[nodiscard]] std::string parameter(std::string_view name) const {
    const auto found = std::ranges::find_if(
        asked, [&](const auto& each) { return scim::is_same_name(each.first, name); });
    return found == asked.end() ? std::string() : found->second;
  }
};

http::ServerResponse document_response(int status, const json::object& document) {
  http::ServerResponse response;
  response.status = status;
  response.headers.emplace_back("Content-Type", std::string(kMedia));
  response.body = to_text(document);
  return response;
}

int scim_status(const Error& error) {
  return error.reason == "version_differs" ? 412 : status_of(error);
}

/// Only the standard's own words are its scimType.
std::string_view scim_word(const Error& error) {
  constexpr std::array<std::string_view, 8> kWords = {
      "invalidFilter", "tooMany",       "uniqueness",  "mutability",
      "noTarget",      "invalidSyntax", "invalidPath", "invalidValue"};
  return std::ranges::find(kWords, error.reason) != kWords.end() ? std::string_view(error.reason)
                                                                 : std::string_view();
}

http::ServerResponse scim_error(const Error& error) {
  const int status = scim_status(error);
  http::ServerResponse response =
      document_response(status, scim::error_document(status, scim_word(error), error.message));
  if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

http::ServerResponse not_there() {
  return document_response(404, scim::error_document(404, {}, "There is nothing here."));
}

http::ServerResponse not_that_way(std::string_view allowed) {
  http::ServerResponse response = document_response(
      405, scim::error_document(405, {}, "This place takes " + std::string(allowed) + "."));
  response.headers.emplace_back("Allow", std::string(allowed));
  return response;
}

// ------------------------------------------------------------------------------------------------
// reading

/// What it is sent as must be JSON, so that no form of another site's page can be taken for a call.
Result<json::object> body_of(const http::ServerRequest& request) {
  const std::string_view media = http::media_type(request.header("content-type"));
  if (!http::equals_ignoring_case(media, kMedia) &&
      !http::equals_ignoring_case(media, "application/json"))
    return fail(Code::Invalid, "The body must be sent as application/scim+json.", "invalidSyntax");
  const auto parsed = parse_json_wiping(request.body.text());
  if (!parsed || !parsed->is_object())
    return fail(Code::Invalid, "The body is no JSON object.", "invalidSyntax");
  return parsed->get_object();
}

/// The version that If-Match names; none: there is no such header, or it is "*".
Result<std::optional<std::int64_t>> expected_version(const http::ServerRequest& request) {
  std::string_view text = request.header("if-match");
  if (text.empty() || text == "*") return std::nullopt;
  if (text.starts_with("W/")) text.remove_prefix(2);
  std::int64_t number = 0;
  const bool is_quoted = text.size() > 2 && text.front() == '"' && text.back() == '"';
  const char* const end = text.data() + text.size() - (is_quoted ? 1 : 0);
  const auto read = std::from_chars(text.data() + (is_quoted ? 1 : 0), end, number);
  if (!is_quoted || read.ec != std::errc() || read.ptr != end)
    return fail(Code::Conflict, "If-Match names no version of it.", "version_differs");
  return number;
}

/// A search says in its body what a query would (RFC 7644 3.4.3).
Result<http::TextPairs> search_in(const http::ServerRequest& request) {
  STRONGROOM_TRY(const auto body, body_of(request));
  http::TextPairs asked;
  for (const auto& [name, value] : body) {
    std::string text;
    if (value.is_string()) text = value.get_string();
    if (value.is_int64()) text = std::to_string(value.get_int64());
    if (const auto* list = value.if_array())
      for (const auto& each : *list)
        if (each.is_string()) text += (text.empty() ? "" : ",") + std::string(each.get_string());
    asked.emplace_back(name, std::move(text));
  }
  return asked;
}

/// A count in the query; what is no number counts as left out (RFC 7644 3.4.2.4 is lenient).
std::optional<std::int64_t> count_in(const ScimCall& call, std::string_view name) {
  const std::string text = call.parameter(name);
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size())
    return std::nullopt;
  return number;
}

bool mentions(const scim::Filter& filter, std::string_view attribute) {
  if (filter.attribute != nullptr && filter.attribute->name == attribute) return true;
  return std::ranges::any_of(filter.inner,
                             [&](const auto& each) { return mentions(each, attribute); });
}

// ------------------------------------------------------------------------------------------------
// answering

json::object shown(const ScimCall& call, const scim::ResourceType& type, json::object resource) {
  return scim::projected(type, std::move(resource), call.parameter("attributes"),
                         call.parameter("excludedAttributes"));
}

template <class View>
http::ServerResponse resource_response(const ScimCall& call, const scim::ResourceType& type,
                                       const View& view, int status) {
  const std::string tag = scim_version(view.version);
  http::ServerResponse response;
  if (call.request.method == "GET" && call.request.header("if-none-match") == tag) {
    response.status = 304;
  } else {
    response = document_response(status, shown(call, type, scim_resource(view, call.base)));
  }
  response.headers.emplace_back("ETag", tag);
  if (status == 201)
    response.headers.emplace_back("Location",
                                  call.base + std::string(type.endpoint) + "/" + view.id.text());
  return response;
}

/// One of a list, read in full once it is known to be in the part that was asked for.
using Whole = std::function<Result<json::object>()>;

Result<http::ServerResponse> list_response(const ScimCall& call, const std::vector<Whole>& found) {
  const auto start =
      static_cast<std::size_t>(std::max<std::int64_t>(1, count_in(call, "startIndex").value_or(1)));
  const auto most = static_cast<std::int64_t>(scim::kMostResults);
  const auto count = static_cast<std::size_t>(
      std::clamp<std::int64_t>(count_in(call, "count").value_or(most), 0, most));
  json::array resources;
  for (std::size_t i = start - 1; i < found.size() && resources.size() < count; ++i) {
    STRONGROOM_TRY(auto resource, found[i]());
    resources.emplace_back(std::move(resource));
  }
  return document_response(200, scim::list_response(std::move(resources), found.size(), start));
}

Result<std::optional<scim::Filter>> filter_of(const ScimCall& call,
                                              const scim::ResourceType& type) {
  const std::string text = call.parameter("filter");
  if (text.empty()) return std::nullopt;
  STRONGROOM_TRY(auto filter, scim::parse_filter(type, text));
  return std::optional(std::move(filter));
}

http::ServerResponse searched(ScimCall call,
                              Result<http::ServerResponse> (*list)(const ScimCall&)) {
  if (call.request.method != "POST") return not_that_way("POST");
  auto asked = search_in(call.request);
  if (!asked) return scim_error(asked.error());
  call.asked = std::move(*asked);
  auto answer = list(call);
  return answer ? std::move(*answer) : scim_error(answer.error());
}

// ------------------------------------------------------------------------------------------------
// users

struct Users {
  using Id = ProvisionedUserId;
  using View = vault::ProvisionedUserView;
  using Change = vault::ProvisionedUserChange;

  static const scim::ResourceType& type() { return scim::user_type(); }
  static Result<std::vector<Id>> find(const ScimCall& call,
                                      const std::optional<scim::Filter>& filter);
  static Result<View> show(const ScimCall& call, Id id) {
    return call.services.vault.show_provisioned_user(call.who, id);
  }
  /// What a body makes of somebody. Without an id: somebody new.
  static Result<Change> change(const ScimCall& call, const std::optional<Id>& id);
  static io::Task<Result<Id>> put(const ScimCall& call, std::optional<Id> id, Change change) {
    return call.services.vault.put_provisioned_user(call.who, id, std::move(change));
  }
  static io::Task<Status> remove(const ScimCall& call, Id id,
                                 std::optional<std::int64_t> expected) {
    return call.services.vault.remove_provisioned_user(call.who, id, expected);
  }
  static bool is_put_silently(const ScimCall&) { return false; }
};

Result<std::vector<ProvisionedUserId>> Users::find(const ScimCall& call,
                                                   const std::optional<scim::Filter>& filter) {
  auto& vault = call.services.vault;
  std::vector<Id> found;
  if (const auto name = filter ? scim::asked_name(*filter) : std::nullopt) {
    STRONGROOM_TRY(const auto one, vault.find_provisioned_user(call.who, *name));
    if (one) found.push_back(*one);
    return found;
  }
  STRONGROOM_TRY(const auto all,
                 vault.list_provisioned_users(call.who, filter && mentions(*filter, "groups")));
  for (const auto& view : all)
    if (!filter || scim::matches(*filter, scim_resource(view, call.base))) found.push_back(view.id);
  return found;
}

Result<vault::ProvisionedUserChange> Users::change(const ScimCall& call,
                                                   const std::optional<Id>& id) {
  const auto& kind = type();
  STRONGROOM_TRY(const auto body, body_of(call.request));
  STRONGROOM_TRY(const auto expected, expected_version(call.request));
  if (!id) {
    STRONGROOM_TRY(auto written, scim_user_given(body, true));
    return scim_user_change(std::move(written));
  }
  STRONGROOM_TRY(const auto now, show(call, *id));
  const bool is_patch = call.request.method == "PATCH";
  STRONGROOM_TRY(auto before, scim::written(kind, scim_resource(now, call.base)));
  STRONGROOM_TRY(auto written, is_patch ? scim::patched(kind, std::move(before), body)
                                        : scim_user_given(body, now.is_active));
  auto wanted = scim_user_change(std::move(written));
  wanted.expected = expected;
  return wanted;
}

// ------------------------------------------------------------------------------------------------
// groups

struct Groups {
  using Id = ProvisionedGroupId;
  using View = vault::ProvisionedGroupView;
  using Change = vault::ProvisionedGroupChange;

  static const scim::ResourceType& type() { return scim::group_type(); }
  static Result<std::vector<Id>> find(const ScimCall& call,
                                      const std::optional<scim::Filter>& filter);
  static Result<View> show(const ScimCall& call, Id id) {
    return call.services.vault.show_provisioned_group(call.who, id);
  }
  static Result<Change> change(const ScimCall& call, const std::optional<Id>& id);
  static io::Task<Result<Id>> put(const ScimCall& call, std::optional<Id> id, Change change) {
    return call.services.vault.put_provisioned_group(call.who, id, std::move(change));
  }
  static io::Task<Status> remove(const ScimCall& call, Id id,
                                 std::optional<std::int64_t> expected) {
    return call.services.vault.remove_provisioned_group(call.who, id, expected);
  }
  /// A large group is not sent back for each member that comes or goes (RFC 7644 3.5.2).
  static bool is_put_silently(const ScimCall& call) {
    return call.request.method == "PATCH" && call.parameter("attributes").empty();
  }
};

Result<std::vector<ProvisionedGroupId>> Groups::find(const ScimCall& call,
                                                     const std::optional<scim::Filter>& filter) {
  STRONGROOM_TRY(const auto all, call.services.vault.list_provisioned_groups(
                                     call.who, filter && mentions(*filter, "members")));
  std::vector<Id> found;
  for (const auto& view : all)
    if (!filter || scim::matches(*filter, scim_resource(view, call.base))) found.push_back(view.id);
  return found;
}

Result<vault::ProvisionedGroupChange> Groups::change(const ScimCall& call,
                                                     const std::optional<Id>& id) {
  const auto& kind = type();
  STRONGROOM_TRY(const auto body, body_of(call.request));
  STRONGROOM_TRY(const auto expected, expected_version(call.request));
  if (!id || call.request.method == "PUT") {
    STRONGROOM_TRY(const auto written, scim::written(kind, body));
    STRONGROOM_TRY(auto wanted, scim_group_change(written));
    wanted.expected = expected;
    return wanted;
  }
  STRONGROOM_TRY(const auto now, show(call, *id));
  STRONGROOM_TRY(auto before, scim::written(kind, scim_resource(now, call.base)));
  STRONGROOM_TRY(const auto written, scim::patched(kind, std::move(before), body));
  STRONGROOM_TRY(auto wanted, scim_group_change(written));
  wanted.expected = expected;
  return wanted;
}

// ------------------------------------------------------------------------------------------------
// either of them

template <class Kind>
Result<std::vector<Whole>> find(const ScimCall& call) {
  STRONGROOM_TRY(const auto filter, filter_of(call, Kind::type()));
  STRONGROOM_TRY(const auto ids, Kind::find(call, filter));
  std::vector<Whole> found;
  for (const auto& id : ids)
    found.emplace_back([&call, id]() -> Result<json::object> {
      STRONGROOM_TRY(const auto view, Kind::show(call, id));
      return shown(call, Kind::type(), scim_resource(view, call.base));
    });
  return found;
}

template <class Kind>
Result<http::ServerResponse> list(const ScimCall& call) {
  STRONGROOM_TRY(const auto found, find<Kind>(call));
  return list_response(call, found);
}

http::ServerResponse nothing() {
  http::ServerResponse response;
  response.status = 204;
  return response;
}

template <class Kind>
io::Task<http::ServerResponse> put(ScimCall call, std::optional<typename Kind::Id> id) {
  auto change = Kind::change(call, id);
  if (!change) co_return scim_error(change.error());
  const auto done = co_await Kind::put(call, id, std::move(*change));
  if (!done) co_return scim_error(done.error());
  const auto view = Kind::show(call, *done);
  if (!view) co_return scim_error(view.error());
  http::ServerResponse response = resource_response(call, Kind::type(), *view, id ? 200 : 201);
  if (Kind::is_put_silently(call)) {
    response.status = 204;
    response.body.clear();
    std::erase_if(response.headers, [](const auto& each) { return each.first == "Content-Type"; });
  }
  co_return response;
}

template <class Kind>
io::Task<http::ServerResponse> remove(ScimCall call, typename Kind::Id id) {
  const auto expected = expected_version(call.request);
  if (!expected) co_return scim_error(expected.error());
  const Status done = co_await Kind::remove(call, id, *expected);
  co_return done ? nothing() : scim_error(done.error());
}

template <class Kind>
http::ServerResponse show(const ScimCall& call, typename Kind::Id id) {
  const auto view = Kind::show(call, id);
  return view ? resource_response(call, Kind::type(), *view, 200) : scim_error(view.error());
}

template <class Kind>
io::Task<http::ServerResponse> serve(ScimCall call) {
  const std::string& method = call.request.method;
  if (call.id == kSearch) co_return searched(std::move(call), list<Kind>);
  if (call.id.empty()) {
    if (method == "POST") co_return co_await put<Kind>(call, std::nullopt);
    if (method != "GET") co_return not_that_way("GET, POST");
    auto answer = list<Kind>(call);
    co_return answer ? std::move(*answer) : scim_error(answer.error());
  }
  const auto id = Kind::Id::parse(call.id);
  if (!id) co_return not_there();
  if (method == "PUT" || method == "PATCH") co_return co_await put<Kind>(call, *id);
  if (method == "DELETE") co_return co_await remove<Kind>(call, *id);
  if (method != "GET") co_return not_that_way("GET, PUT, PATCH, DELETE");
  co_return show<Kind>(call, *id);
}

/// Of all there is: a filter that is none of one kind of resource means none of these.
Result<http::ServerResponse> list_all(const ScimCall& call) {
  auto users = find<Users>(call);
  auto groups = find<Groups>(call);
  if (!users && !groups) return std::unexpected(users.error());
  std::vector<Whole> found;
  if (users) found = std::move(*users);
  if (groups) std::ranges::move(*groups, std::back_inserter(found));
  return list_response(call, found);
}

// ------------------------------------------------------------------------------------------------
// what the server tells of itself

http::ServerResponse told(const ScimCall& call, json::array all) {
  if (call.id.empty()) {
    const std::size_t total = all.size();
    return document_response(200, scim::list_response(std::move(all), total, 1));
  }
  const auto found = std::ranges::find_if(all, [&](const json::value& each) {
    return each.get_object().at("id") == json::value(call.id);
  });
  return found == all.end() ? not_there() : document_response(200, found->get_object());
}

http::ServerResponse serve_description(const ScimCall& call) {
  const bool is_config = call.endpoint == "ServiceProviderConfig" && call.id.empty();
  if (call.endpoint == "Me" || call.endpoint == "Bulk")
    return document_response(501, scim::error_document(501, {}, "That is not offered here."));
  if (!is_config && call.endpoint != "ResourceTypes" && call.endpoint != "Schemas")
    return not_there();
  if (call.request.method != "GET") return not_that_way("GET");
  // A filter of these would be taken for an answer that holds all of them (RFC 7644 4).
  if (!call.parameter("filter").empty())
    return document_response(403, scim::error_document(403, {}, "These are not filtered."));
  if (is_config) return document_response(200, scim::service_provider_config(call.base));
  return told(call, call.endpoint == "Schemas" ? scim::schemas(call.base)
                                               : scim::resource_types(call.base));
}

Result<ScimCall> admitted(const Services& services, const http::ServerRequest& request) {
  STRONGROOM_CHECKED(check_site(request));
  STRONGROOM_TRY(const auto who, services.vault.provisioner_of(bearer_hash(request)));
  const std::string_view rest = std::string_view(request.path).substr(kScimStart.size());
  const auto slash = rest.find('/');
  const auto id = slash == std::string_view::npos ? std::optional<std::string>("")
                                                  : percent_decode(rest.substr(slash + 1));
  if (!id || (slash != std::string_view::npos && id->empty()))
    return fail(Code::NotFound, "There is nothing here.");
  return ScimCall{services,
                  who,
                  scim_base(services.options.console_url),
                  std::string(rest.substr(0, slash)),
                  *id,
                  request,
                  request.query};
}

}  // namespace

io::Task<http::ServerResponse> serve_scim(const Services& services, http::ServerRequest& request) {
  auto call = admitted(services, request);
  if (!call) co_return scim_error(call.error());
  if (call->endpoint == "Users") co_return co_await serve<Users>(*call);
  if (call->endpoint == "Groups") co_return co_await serve<Groups>(*call);
  if (call->endpoint == kSearch && call->id.empty()) co_return searched(std::move(*call), list_all);
  co_return serve_description(*call);
}

}  // namespace strongroom::api
