// Passkeys: one's own, and ways in by them. SPDX-License-Identifier: Apache-2.0
#include "api/admission.h"
#include "api/operations.h"
#include "api/relying_party.h"
#include "api/sign_in_reply.h"
#include "api/views.h"
#include "base/encoding.h"

namespace strongroom::api {
namespace {

Result<ByteVector> octets(const Call& call, std::string_view name) {
  auto decoded = from_base64url(call.text(name));
  if (!decoded || decoded->empty())
    return fail(Code::Invalid, "'" + std::string(name) + "' is no base64url without padding");
  return std::move(*decoded);
}

Result<vault::NewPasskey> new_passkey(const Call& call) {
  vault::NewPasskey made;
  made.name = call.text("name");
  STRONGROOM_TRY(made.client_data, octets(call, "client_data"));
  STRONGROOM_TRY(made.attestation, octets(call, "attestation"));
  return made;
}

Result<vault::RelyingParty> relying_party(const Call& call) {
  return relying_party_of(call.services.options.console_url);
}

Result<vault::PasskeyAssertion> assertion(const Call& call) {
  vault::PasskeyAssertion answer;
  STRONGROOM_TRY(answer.credential, octets(call, "credential"));
  STRONGROOM_TRY(answer.user, octets(call, "user"));
  STRONGROOM_TRY(answer.client_data, octets(call, "client_data"));
  STRONGROOM_TRY(answer.authenticator_data, octets(call, "authenticator_data"));
  STRONGROOM_TRY(answer.signature, octets(call, "signature"));
  return answer;
}

json::object challenge_document(const vault::RelyingParty& party, ByteView challenge) {
  return {{"challenge", to_base64url(challenge)},
          {"relying_party", party.id},
          {"origin", party.origin}};
}

Reply request_document(const vault::RelyingParty& party, const vault::PasskeyRequest& request) {
  json::object document = challenge_document(party, request.challenge);
  document["user"] = to_base64url(request.user);
  json::array there_are;
  for (const auto& each : request.there_are) there_are.emplace_back(to_base64url(each));
  document["there_are"] = std::move(there_are);
  Reply out;
  out.document = std::move(document);
  return out;
}

}  // namespace

Answer list_passkeys(Call& call) {
  STRONGROOM_TRY(const auto views, call.services.vault.list_passkeys(call.actor));
  return reply(to_json_list(views));
}

Answer begin_passkey(Call& call) {
  STRONGROOM_TRY(const auto browser, signed_in_browser(call));
  STRONGROOM_TRY(const auto party, relying_party(call));
  STRONGROOM_TRY(const auto request, call.services.vault.begin_passkey(call.actor, browser));
  return request_document(party, request);
}

Answer add_passkey(Call& call) {
  STRONGROOM_TRY(const auto browser, signed_in_browser(call));
  STRONGROOM_TRY(const auto party, relying_party(call));
  STRONGROOM_TRY(const auto made, new_passkey(call));
  STRONGROOM_TRY(const auto added,
                 call.services.vault.add_passkey(call.actor, browser, party, made));
  Reply out;
  out.document = to_json(added);
  return out;
}

Answer remove_passkey(Call& call) {
  STRONGROOM_TRY(const PasskeyId id, PasskeyId::parse(call.path["id"]));
  STRONGROOM_CHECKED(call.services.vault.remove_passkey(call.actor, id));
  return Reply();
}

Answer begin_passkey_sign_in(Call& call) {
  STRONGROOM_TRY(const auto party, relying_party(call));
  Reply out;
  const auto challenge = call.services.vault.begin_passkey_sign_in(new_browser(out));
  out.document = challenge_document(party, challenge);
  return out;
}

Answer sign_in_by_passkey(Call& call) {
  STRONGROOM_TRY(const auto party, relying_party(call));
  STRONGROOM_TRY(const auto answer, assertion(call));
  STRONGROOM_TRY(const auto issued, call.services.vault.sign_in_by_passkey(browser_of(call), party,
                                                                           answer, call.from));
  return signed_in(call.services.vault, issued);
}

Answer begin_passkey_confirmation(Call& call) {
  STRONGROOM_TRY(const auto browser, signed_in_browser(call));
  STRONGROOM_TRY(const auto party, relying_party(call));
  STRONGROOM_TRY(const auto challenge,
                 call.services.vault.begin_passkey_confirmation(call.actor, browser));
  return reply(challenge_document(party, challenge));
}

Answer confirm_by_passkey(Call& call) {
  STRONGROOM_TRY(const auto browser, signed_in_browser(call));
  STRONGROOM_TRY(const auto party, relying_party(call));
  STRONGROOM_TRY(const auto answer, assertion(call));
  STRONGROOM_CHECKED(call.services.vault.confirm_by_passkey(call.actor, browser, party, answer));
  return Reply();
}

Answer begin_invited_passkey(Call& call) {
  STRONGROOM_TRY(const auto party, relying_party(call));
  Reply cookie;
  const auto browser = new_browser(cookie);
  STRONGROOM_TRY(const auto request,
                 call.services.vault.begin_invited_passkey(call.credential.bearer, browser));
  Reply out = request_document(party, request);
  out.headers = std::move(cookie.headers);
  return out;
}

Answer use_invitation_by_passkey(Call& call) {
  STRONGROOM_TRY(const auto party, relying_party(call));
  STRONGROOM_TRY(const auto made, new_passkey(call));
  const vault::NewTenant names{call.text("tenant"), call.text("member")};
  STRONGROOM_TRY(const auto issued,
                 call.services.vault.use_invitation_by_passkey(
                     call.credential.bearer, names, browser_of(call), party, made, call.from));
  return signed_in(call.services.vault, issued);
}

}  // namespace strongroom::api
