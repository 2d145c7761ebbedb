// SPDX-License-Identifier: Apache-2.0
#include "sealer/token.h"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.h"
#include "sealer/work.h"

namespace strongroom::sealer {
namespace {

constexpr CK_ULONG kMostSlots = 256;
constexpr std::string_view kById = "id:";

/// Fields of a fixed size are filled up with blanks.
template <std::size_t size>
std::string text_of_field(const unsigned char (&field)[size]) {
  std::string text(text_of(ByteView(field, size)));
  text.erase(text.find_last_not_of(std::string_view(" \0", 2)) + 1);
  return text;
}

std::string number_of(CK_RV why) {
  const std::array<std::uint8_t, 4> octets = {
      static_cast<std::uint8_t>(why >> 24U), static_cast<std::uint8_t>(why >> 16U),
      static_cast<std::uint8_t>(why >> 8U), static_cast<std::uint8_t>(why)};
  return "0x" + to_hex(octets);
}

/// What the token says of its PIN before one is tried.
Status check_tries(CK_FLAGS flags, const std::string& name) {
  if ((flags & CKF_USER_PIN_INITIALIZED) == 0)
    return refused("The token '" + name +
                   "' has no user PIN yet: set one by the module's own tool.");
  if ((flags & CKF_USER_PIN_LOCKED) != 0)
    return refused("The PIN of the token '" + name +
                   "' is locked: its security officer can unlock it.");
  if ((flags & CKF_USER_PIN_FINAL_TRY) != 0)
    return refused("One more wrong PIN would lock the token '" + name +
                   "', so none is tried: log in once by the module's own tool.");
  return {};
}

}  // namespace

std::unexpected<Error> Token::failed(const std::string& what, CK_RV why) const {
  const std::string token = "the token '" + name_ + "'";
  switch (why) {
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
      return refused("The PIN is not that of " + token + ".");
    case CKR_PIN_LOCKED:
      return refused("The PIN of " + token + " is locked: its security officer can unlock it.");
    case CKR_PIN_EXPIRED:
      return refused("The PIN of " + token +
                     " has expired: choose a new one by the module's own tool.");
    case CKR_TOKEN_NOT_PRESENT:
    case CKR_TOKEN_NOT_RECOGNIZED:
    case CKR_DEVICE_REMOVED:
    case CKR_DEVICE_ERROR:
    case CKR_DEVICE_MEMORY:
    case CKR_FUNCTION_FAILED:
    case CKR_GENERAL_ERROR:
    case CKR_HOST_MEMORY:
    case CKR_SESSION_COUNT:
      return unreachable("It was not possible to " + what + " at " + token + " (PKCS#11 error " +
                         number_of(why) + ").");
    default:
      return refused("It was not possible to " + what + " at " + token + " (PKCS#11 error " +
                     number_of(why) + ").");
  }
}

Status Token::load(const std::string& module) {
  void* const library = ::dlopen(module.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return refused("The PKCS#11 module " + module + " cannot be loaded.");
  const auto list = reinterpret_cast<CK_C_GetFunctionList>(::dlsym(library, "C_GetFunctionList"));
  if (list == nullptr || list(&functions_) != CKR_OK || functions_ == nullptr)
    return refused("The file " + module + " is no PKCS#11 module.");
  CK_C_INITIALIZE_ARGS arguments{};
  arguments.flags = CKF_OS_LOCKING_OK;
  const CK_RV done = functions_->C_Initialize(&arguments);
  if (done == CKR_OK || done == CKR_CRYPTOKI_ALREADY_INITIALIZED) return {};
  return unreachable("The PKCS#11 module " + module + " does not start (error " + number_of(done) +
                     "): are its settings right, and its files among 'folders'?");
}

Status Token::choose(const std::string& wanted) {
  std::vector<CK_SLOT_ID> slots(kMostSlots);
  CK_ULONG count = kMostSlots;
  if (functions_->C_GetSlotList(CK_TRUE, slots.data(), &count) != CKR_OK)
    return unreachable("The PKCS#11 module does not tell its tokens.");
  slots.resize(std::min(count, kMostSlots));
  std::size_t found = 0;
  for (const CK_SLOT_ID slot : slots) {
    CK_TOKEN_INFO info{};
    if (functions_->C_GetTokenInfo(slot, &info) != CKR_OK) continue;
    if (text_of_field(info.label) != wanted && text_of_field(info.serialNumber) != wanted) continue;
    slot_ = slot;
    flags_ = info.flags;
    ++found;
  }
  name_ = wanted;
  if (found == 1) return {};
  if (found > 1)
    return refused("Several tokens are called '" + wanted +
                   "': name the one by its serial number.");
  return unreachable("There is no token '" + wanted + "' at the PKCS#11 module.");
}

Status Token::log_in(const Secret& pin) {
  const CK_RV opened =
      functions_->C_OpenSession(slot_, CKF_SERIAL_SESSION, nullptr, nullptr, &session_);
  if (opened != CKR_OK) return failed("open a session", opened);
  if ((flags_ & CKF_LOGIN_REQUIRED) == 0) return {};
  STRONGROOM_CHECKED(check_tries(flags_, name_));
  const CK_RV in = pin.reveal([&](ByteView plain) {
    return functions_->C_Login(session_, CKU_USER, read_only(plain), plain.size());
  });
  if (in != CKR_OK && in != CKR_USER_ALREADY_LOGGED_IN) return failed("log in", in);
  return {};
}

Result<Token> Token::open(const Place& place, const Secret& pin) {
  Token token;
  STRONGROOM_CHECKED(token.load(place.module));
  STRONGROOM_CHECKED(token.choose(place.token));
  STRONGROOM_CHECKED(token.log_in(pin));
  return token;
}

Token::Token(Token&& other) noexcept
    : functions_(other.functions_),
      name_(std::move(other.name_)),
      slot_(other.slot_),
      flags_(other.flags_),
      session_(std::exchange(other.session_, 0)) {}

/// The session ends with the process; some tokens count those that do not.
Token::~Token() {
  if (session_ != 0) (void)functions_->C_CloseSession(session_);
}

Result<CK_OBJECT_HANDLE> Token::find(CK_OBJECT_CLASS of, const std::string& key) const {
  ByteVector wanted;
  CK_ATTRIBUTE_TYPE by = CKA_LABEL;
  if (key.starts_with(kById)) {
    auto id = from_hex(std::string_view(key).substr(kById.size()));
    if (!id) return refused("'key' of the seal: after id: come hexadecimal digits.");
    wanted = std::move(*id);
    by = CKA_ID;
  } else {
    const ByteView label = bytes_of(key);
    wanted.assign(label.begin(), label.end());
  }
  std::array<CK_ATTRIBUTE, 2> like = {
      {{CKA_CLASS, &of, sizeof(of)}, {by, wanted.data(), wanted.size()}}};
  if (const CK_RV begun = functions_->C_FindObjectsInit(session_, like.data(), like.size());
      begun != CKR_OK)
    return failed("look for the key", begun);
  std::array<CK_OBJECT_HANDLE, 2> keys{};
  CK_ULONG count = 0;
  const CK_RV looked = functions_->C_FindObjects(session_, keys.data(), keys.size(), &count);
  (void)functions_->C_FindObjectsFinal(session_);
  if (looked != CKR_OK) return failed("look for the key", looked);
  if (count > 1)
    return refused("Several keys of the token '" + name_ + "' are called '" + key +
                   "': name the one by its id, as id:HEX.");
  return count == 0 ? CK_OBJECT_HANDLE{0} : keys[0];
}

CK_KEY_TYPE Token::type_of(CK_OBJECT_HANDLE key) const {
  CK_KEY_TYPE type = 0;
  CK_ATTRIBUTE wanted{CKA_KEY_TYPE, &type, sizeof(type)};
  return functions_->C_GetAttributeValue(session_, key, &wanted, 1) == CKR_OK
             ? type
             : static_cast<CK_KEY_TYPE>(CKK_VENDOR_DEFINED);
}

bool Token::has(CK_MECHANISM_TYPE mechanism, CK_FLAGS use) const {
  CK_MECHANISM_INFO info{};
  return functions_->C_GetMechanismInfo(slot_, mechanism, &info) == CKR_OK &&
         (info.flags & use) == use;
}

}  // namespace strongroom::sealer
