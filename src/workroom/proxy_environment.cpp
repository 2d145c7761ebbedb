// SPDX-License-Identifier: Apache-2.0
#include "workroom/proxy_environment.h"

#include <unistd.h>
#include <algorithm>
#include <csignal>
#include <string_view>

#include "base/bytes.h"
#include "io/authority/ca_bundle.h"
#include "workroom/ca_variables.h"
#include "workroom/small_files.h"

namespace strongroom::workroom {
namespace {

/// The documented exception: a session goes on where the machine has no public roots.
Result<std::string> bundle_of(const std::string& authority_pem) {
  auto bundle = io::ca_bundle_pem(authority_pem);
  if (!bundle && bundle.error().reason == "no_public_roots") return authority_pem;
  return bundle;
}

/// `bundle`: the path by which the workroom finds it.
Status fill(const std::string& folder, const std::string& authority_pem,
            const std::string& bundle) {
  constexpr unsigned kMode = 0444;
  STRONGROOM_CHECKED(write_small_file(folder + TrustFiles::kAuthority, authority_pem, kMode));
  STRONGROOM_TRY(const auto roots, bundle_of(authority_pem));
  STRONGROOM_CHECKED(write_small_file(folder + TrustFiles::kBundle, roots, kMode));
  STRONGROOM_TRY(const auto store, io::java_trust_store(roots, std::string(kJavaStorePassword)));
  STRONGROOM_CHECKED(write_small_file(folder + TrustFiles::kJavaStore, text_of(store), kMode));
  return write_small_file(folder + TrustFiles::kWgetFile, "ca_certificate = " + bundle + "\n",
                          kMode);
}

/// The JVM takes options apart at blanks, outside quotes of either kind.
std::string in_quotes(std::string_view path) {
  std::string out = "\"";
  for (const char c : path) out += c == '"' ? std::string("\"'\"'\"") : std::string(1, c);
  return out + '"';
}

/// Java reads no proxy variable: properties name the same way.
std::string java_proxy_options(const ProxyFacts& facts) {
  std::string out;
  for (const std::string scheme : {"https", "http"})
    out += " -D" + scheme + ".proxyHost=" + facts.host + " -D" + scheme +
           ".proxyPort=" + std::to_string(facts.port);
  // One list for both schemes; loopback is Java's own default, which naming a list replaces.
  out += " -Dhttp.nonProxyHosts=";
  const std::string gateway = host_of(facts.gateway);
  out += gateway.find(':') == std::string::npos ? gateway : "[" + gateway + "]";
  return out + "|localhost|127.*|[::1]";
}

void add_trust(const TrustFiles& files, const std::string& more_for_java,
               std::vector<PlainVariable>& out) {
  for (const auto& variable : kCaVariables) {
    const std::string name(variable.name);
    switch (variable.form) {
      case TrustForm::Bundle:
        out.push_back({name, files.bundle()});
        break;
      case TrustForm::Authority:
        out.push_back({name, files.authority()});
        break;
      case TrustForm::JavaStore:
        out.push_back({name, std::string(variable.before) + in_quotes(files.java_store()) +
                                 std::string(variable.after) + more_for_java});
        break;
      case TrustForm::WgetFile:
        out.push_back({name, files.wget_file()});
        break;
      case TrustForm::Absent:
        break;  // never inherited (environment.h)
    }
  }
}

}  // namespace

Result<TrustFiles> TrustFiles::write(const std::string& authority_pem, const TrustPlace& place) {
  TrustFiles files = begin(authority_pem, place);
  STRONGROOM_CHECKED(files.finish());
  return files;
}

TrustFiles TrustFiles::begin(std::string authority_pem, const TrustPlace& place) {
  TrustFiles files(place.folder, place.seen_as);
  // Signals are the loop's: the thread takes none.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  files.written_ = std::async(
      std::launch::async, [folder = place.folder, authority = std::move(authority_pem),
                           bundle = files.bundle()] { return fill(folder, authority, bundle); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return files;
}

Status TrustFiles::finish() {
  return written_.valid() ? written_.get() : Status();
}

TrustFiles::~TrustFiles() {
  if (folder_.empty()) return;
  if (written_.valid()) written_.wait();
  for (const char* each : {kAuthority, kBundle, kJavaStore, kWgetFile})
    ::unlink((folder_ + each).c_str());
  ::rmdir(folder_.c_str());
}

std::vector<PlainVariable> trust_variables(const TrustFiles& files) {
  std::vector<PlainVariable> out;
  add_trust(files, {}, out);
  return out;
}

std::vector<PlainVariable> proxy_variables(const ProxyFacts& facts, const TrustFiles& files) {
  const std::string url = "http://" + facts.host + ":" + std::to_string(facts.port);
  std::vector<PlainVariable> out;
  // curl and git read only the lower case of http_proxy; gRPC has a name of its own.
  for (const char* name : {"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "grpc_proxy"})
    out.push_back({name, url});
  out.push_back({"NODE_USE_ENV_PROXY", "1"});
  add_trust(files, java_proxy_options(facts), out);
  return out;
}

bool is_shared_variable(std::string_view name) {
  return std::ranges::any_of(kCaVariables, [&](const CaVariable& variable) {
    return variable.form == TrustForm::JavaStore && variable.name == name;
  });
}

}  // namespace strongroom::workroom
