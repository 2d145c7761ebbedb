// Documents about the receipts of revokes. For schemas.cpp alone.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "api/schema.h"

namespace strongroom::api {

inline constexpr std::array kHolder = {
    Member{"holder", Kind::Text, Need::Required, "hld_..."},
    Member{"name", Kind::Text, Need::Required, "Which gateway or runner"},
    Member{"role", Kind::Text, Need::Required, "gateway or runner"},
    Member{"how", Kind::Text, Need::Required, "How it came to hold the key no more",
           "acknowledged|lease_ran_out|held_nothing|ended_by_supervisor"},
    Member{"at", Kind::Time, Need::Required, "When"},
    Member{"connections_closed", Kind::Integer, Need::Required,
           "Connections that carried the key"}};
inline constexpr std::array kExposedProcess = {
    Member{"pid", Kind::Integer, Need::Required, "0 when not known"},
    Member{"name", Kind::Text, Need::Required, "Its program, or what is known of it"},
    Member{"state", Kind::Text, Need::Required, "What became of it", "dead|still_exposed"}};
inline constexpr std::array kFenced = {
    Member{"holds", Kind::Flag, Need::Required, "No gateway sends the key any more"},
    Member{"at", Kind::Time, Need::Required, "Since when"},
    Member{"holders", Kind::ObjectList, Need::Required, "Each holder of a lease", "Holder"},
    Member{"why", Kind::Text, Need::Optional, "Why it is not claimed"}};
inline constexpr std::array kWithdrawn = {
    Member{"holds", Kind::Flag, Need::Required, "Every process that was given the key is dead"},
    Member{"at", Kind::Time, Need::Required, "Since when"},
    Member{"processes", Kind::ObjectList, Need::Required, "Each process that was given it",
           "ExposedProcess"},
    Member{"reported_by", Kind::ObjectList, Need::Optional,
           "Of runners that were lost: the supervisors that have ended what they left",
           "SupervisorReport"},
    Member{"why", Kind::Text, Need::Optional, "Why it is not claimed"}};
inline constexpr std::array kSupervisorReport = {
    Member{"supervisor", Kind::Text, Need::Required, "Which one"},
    Member{"session", Kind::Text, Need::Required, "ses_..."},
    Member{"at", Kind::Time, Need::Required, "When it said so"}};
inline constexpr std::array kEndReport = {
    Member{"supervisor", Kind::Text, Need::Required, "Which one"},
    Member{"dead", Kind::TextList, Need::Required, "Processes that have ended: PID NAME"},
    Member{"exposed", Kind::TextList, Need::Required, "Those that have not, or may not have"}};
inline constexpr std::array kClaim = {
    Member{"holds", Kind::Flag, Need::Required, "Whether it is claimed"},
    Member{"why", Kind::Text, Need::Required, "Why not, or how"},
    Member{
        "credentials", Kind::ObjectList, Need::Optional,
        "R3: what was made at a source for sessions, and logins; each destroyed or still exposed",
        "ExposedCredential"}};
inline constexpr std::array kExposedCredential = {
    Member{"id", Kind::Text, Need::Required, "dyn_..."},
    Member{"session", Kind::Text, Need::Optional, "Whose it was"},
    Member{"key", Kind::Text, Need::Optional, "Of a login: its key"},
    Member{"name", Kind::Text, Need::Required, "Of the role or user at the source, or the login"},
    Member{"state", Kind::Text, Need::Required, "Whether the source has confirmed",
           "destroyed|still_exposed"},
    Member{"at", Kind::Time, Need::Optional, "When it was destroyed"},
    Member{"why", Kind::Text, Need::Optional, "Why it is still exposed"}};
inline constexpr std::array kReceiptBody = {
    Member{"id", Kind::Text, Need::Required, "rcp_..."},
    Member{"installation", Kind::Text, Need::Required, "Which Strongroom signed"},
    Member{"subject", Kind::Any, Need::Required,
           "What was revoked or ended: its kind, id and facts"},
    Member{"reason", Kind::Text, Need::Required, "key_revoked, session_ended, ..."},
    Member{"asked_by", Kind::Text, Need::Required, "Who"},
    Member{"asked_at", Kind::Time, Need::Required, "When the call came"},
    Member{"revoked_at", Kind::Time, Need::Required,
           "When it was durable: no new lease from then on"},
    Member{"completed_at", Kind::Time, Need::Required, "When every holder was done"},
    Member{"completes", Kind::Text, Need::Optional,
           "rcp_...: the earlier receipt of the same, written before its supervisor had spoken"},
    Member{"r1", Kind::Object, Need::Required, "Fenced", "Fenced"},
    Member{"r2", Kind::Object, Need::Required, "Withdrawn", "Withdrawn"},
    Member{"r3", Kind::Object, Need::Required, "Destroyed at the source", "Claim"},
    Member{"r4", Kind::Object, Need::Required, "Unrecoverable", "Claim"}};
inline constexpr std::array kReceipt = {
    Member{"receipt", Kind::Object, Need::Required, "What was achieved (docs/formats/receipt.md)",
           "ReceiptBody"},
    Member{"public_key", Kind::Text, Need::Required,
           "Ed25519, base64; compare it with one you trust"},
    Member{"signature", Kind::Text, Need::Required, "Ed25519 over the canonical receipt, base64"}};
inline constexpr std::array kReceiptRow = {
    Member{"id", Kind::Text, Need::Required, "rcp_..."},
    Member{"tenant", Kind::Text, Need::Required, "Name of the tenant"},
    Member{"subject", Kind::Text, Need::Required, "Id of what was revoked or ended"},
    Member{"created", Kind::Time, Need::Required, "When it was signed"}};

}  // namespace strongroom::api
