// STUN on a media port: RFC 8489, RFC 8445 §7.3, with the sample request of RFC 5769 §2.1.
#include <algorithm>
#include <string>

#include "crypto/crc32.h"
#include "media/side-protocols.h"
#include "media/stun-answer.h"
#include "media/stun-request.h"
#include "media/stun-responder.h"
#include "test/allocation-count.h"
#include "test/relay-fixture.h"
#include "test/story.h"

namespace sallyport::media {

namespace {

using test::expect;
using test::Story;

const TransportAddress alice = at("192.0.2.1", 32853);
const std::string password = "VOkJxbRl1RmTxUk/WvJxBt";

std::span<const std::uint8_t> octetsOf(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// RFC 5769 §2.1: SOFTWARE, PRIORITY, ICE-CONTROLLED, USERNAME evtj:h6vY, MESSAGE-INTEGRITY,
/// FINGERPRINT.
const Bytes sample{
    0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
    0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x10, 0x53, 0x54, 0x55, 0x4e, 0x20, 0x74, 0x65, 0x73,
    0x74, 0x20, 0x63, 0x6c, 0x69, 0x65, 0x6e, 0x74, 0x00, 0x24, 0x00, 0x04, 0x6e, 0x00, 0x01, 0xff,
    0x80, 0x29, 0x00, 0x08, 0x93, 0x2f, 0xf9, 0xb1, 0x51, 0x26, 0x3b, 0x36, 0x00, 0x06, 0x00, 0x09,
    0x65, 0x76, 0x74, 0x6a, 0x3a, 0x68, 0x36, 0x76, 0x59, 0x20, 0x20, 0x20, 0x00, 0x08, 0x00, 0x14,
    0x9a, 0xea, 0xa7, 0x0c, 0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e, 0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49,
    0xc1, 0xb5, 0x71, 0xa2, 0x80, 0x28, 0x00, 0x04, 0xe5, 0x7a, 0x3b, 0xcf};

/// A Binding request with the attributes given, each with its header.
Bytes request(const Bytes& attributes = {}) {
  Bytes message{0, 1, 0, static_cast<std::uint8_t>(attributes.size()), 0x21, 0x12, 0xa4, 0x42};
  for (std::uint8_t i = 1; i <= 12; ++i) message.push_back(i);
  message.insert(message.end(), attributes.begin(), attributes.end());
  return message;
}

/// The answer, or nothing.
Bytes ask(StunResponder& responder, const Bytes& message, const TransportAddress& from = alice,
          std::uint64_t nowMs = 0) {
  Bytes room = message;
  room.resize(std::max<std::size_t>(message.size(), StunAnswer::kMaxOctets));
  const auto answered = responder.answer(room, message.size(), from, nowMs);
  room.resize(answered ? answered.value() : 0);
  return room;
}

bool begins(const Bytes& message, const Bytes& prefix) {
  return message.size() >= prefix.size() &&
         std::ranges::equal(std::span(message).first(prefix.size()), prefix);
}

const Story checksums("the CRC is that of the check string and of nothing", [] {
  expect(crypto::crc32(octetsOf("123456789")) == 0xcbf43926);
  expect(crypto::crc32({}) == 0);
});

const Story readsSample("the sample request of RFC 5769 §2.1 is read and its integrity verified",
                        [] {
                          const auto parsed = StunRequest::parse(sample);
                          expect(parsed && parsed->hasFingerprint() && parsed->unknown().empty());
                          expect(std::ranges::equal(parsed->username(), octetsOf("evtj:h6vY")));
                          crypto::HmacSha1 hmac;
                          hmac.setKey(octetsOf(password));
                          expect(parsed->isSignedWith(hmac));
                          hmac.setKey(octetsOf("VOkJxbRl1RmTxUk/WvJxBu"));
                          expect(!parsed->isSignedWith(hmac));
                        });

const Story refusesMutations(
    "no request with one octet changed that is signed is taken for a signed one", [] {
      crypto::HmacSha1 hmac;
      hmac.setKey(octetsOf(password));
      constexpr std::size_t kFingerprintOctets = 8;
      for (std::size_t i = 0; i < sample.size() - kFingerprintOctets; ++i) {
        Bytes changed = sample;
        changed[i] ^= 0x10;
        const auto parsed = StunRequest::parse(changed);
        expect(!parsed || !parsed->isSignedWith(hmac));
      }
      for (std::size_t octets = 0; octets < sample.size(); ++octets) {
        expect(!StunRequest::parse(std::span(sample).first(octets)));
      }
    });

const Story refusesForm("what is no Binding request is none", [] {
  for (const std::uint8_t type : {0x00, 0x11, 0x02}) {
    Bytes other = request();
    other[1] = type;
    expect(!StunRequest::parse(other));
  }
  Bytes answer = request();
  answer[0] = 1;
  expect(!StunRequest::parse(answer));
  Bytes old = request();
  old[4] = 0;  // RFC 3489 had no magic cookie
  expect(!StunRequest::parse(old));
  expect(!StunRequest::parse(request({0x80, 0x22, 0, 5, 1, 2, 3, 4})));
  expect(!StunRequest::parse(request({0x80, 0x22, 0xff, 0xff, 1, 2, 3, 4})));
  expect(!StunRequest::parse(request({0, 8, 0, 4, 1, 2, 3, 4})));
  expect(StunRequest::parse(request({0x80, 0x22, 0, 3, 1, 2, 3, 4})).has_value());
});

const Story answers("a request is answered with the address that it came from, in disguise", [] {
  StunResponder responder;
  const Bytes answer = ask(responder, request());
  expect(answer.size() == 32);
  expect(begins(answer,
                {0x01, 0x01, 0, 12, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
                 // As in RFC 5769 §2.2.
                 0x00, 0x20, 0, 8, 0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43}));
  const Bytes six = ask(responder, request(), at("2001:db8::1", 32853));
  expect(six.size() == 44 && six[25] == 2);
  // 2001:db8 under the cookie, then nothing under the transaction id.
  expect(six[28] == 0x01 && six[29] == 0x13 && six[32] == 1 && six[42] == 11 &&
         six[43] == (12 ^ 1));
});

const Story signs("with credentials the answer carries integrity and fingerprint", [] {
  StunResponder responder("evtj", octetsOf(password));
  const Bytes answer = ask(responder, sample);
  expect(answer.size() == 20 + 12 + 24 + 8 && answer.size() <= sample.size());
  Bytes asRequest = answer;
  asRequest[0] = 0;
  const std::uint32_t mark = crypto::crc32(std::span(asRequest).first(56)) ^ kStunFingerprintMask;
  for (int i = 0; i < 4; ++i)
    asRequest[60 + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(mark >> (24 - 8 * i));
  // The fingerprint of the answer itself is right where that of its octets is.
  const std::uint32_t own = crypto::crc32(std::span(answer).first(56)) ^ kStunFingerprintMask;
  expect(answer[60] == own >> 24 && answer[63] == (own & 0xff));
  expect(StunRequest::parse(asRequest).has_value());
  // The integrity is over header and address, with a length that ends with itself.
  Bytes covered(answer.begin(), answer.begin() + 32);
  covered[3] = 12 + 24;
  crypto::HmacSha1 hmac;
  hmac.setKey(octetsOf(password));
  hmac.update(covered);
  expect(std::ranges::equal(hmac.finish(), std::span(answer).subspan(36, 20)));
});

const Story staysSilent("who has not the credentials hears nothing", [] {
  StunResponder responder("evtj", octetsOf(password));
  expect(ask(responder, request()).empty());
  Bytes forged = sample;
  forged[80] ^= 1;
  // The fingerprint is right: anybody can compute it.
  const std::uint32_t mark = crypto::crc32(std::span(forged).first(100)) ^ kStunFingerprintMask;
  for (std::size_t i = 0; i < 4; ++i)
    forged[104 + i] = static_cast<std::uint8_t>(mark >> (24 - 8 * i));
  expect(StunRequest::parse(forged).has_value() && ask(responder, forged).empty());
  StunResponder other("evtk", octetsOf(password));
  StunResponder longer("evtj:h6vY", octetsOf(password));
  expect(ask(other, sample).empty() && ask(longer, sample).empty());
});

const Story names("attributes that must be understood and are not are named in a 420", [] {
  StunResponder responder;
  const Bytes answer = ask(responder, request({0x7f, 0x01, 0, 0, 0x80, 0x99, 0, 0}));
  expect(begins(answer, {0x01, 0x11, 0, 16}));
  expect(begins(Bytes(answer.begin() + 20, answer.end()),
                {0, 9, 0, 4, 0, 0, 4, 20, 0, 10, 0, 2, 0x7f, 0x01, 0, 0}));
  // However many there are, the answer stays short.
  Bytes many;
  for (std::uint8_t i = 0; i < 60; ++i) many.insert(many.end(), {0x7f, i, 0, 0});
  const Bytes cut = ask(responder, request(many));
  expect(cut.size() == 20 + 8 + 4 + 2 * StunRequest::kMaxUnknown);
});

const Story limits("more than fifty requests at once are too many, and a second later it goes on",
                   [] {
                     StunResponder responder;
                     int answered = 0;
                     for (int i = 0; i < 1000; ++i)
                       answered += ask(responder, request()).empty() ? 0 : 1;
                     expect(answered == 50);
                     expect(ask(responder, request(), alice, 19).empty() &&
                            !ask(responder, request(), alice, 20).empty());
                   });

const Story allocatesNothing("answering allocates nothing", [] {
  StunResponder responder("evtj", octetsOf(password));
  Bytes room(512);
  std::uint64_t nowMs = 0;
  const std::uint64_t before = test::allocationsOfThisThread();
  for (int i = 0; i < 1000; ++i) {
    std::ranges::copy(sample, room.begin());
    expect(responder.answer(room, sample.size(), alice, nowMs += 20).ok());
  }
  expect(test::allocationsOfThisThread() == before);
});

const Story reports("DTLS is handed up where asked for, at a rate; ZRTP is told once", [] {
  SideProtocols side;
  Bytes room(4096);
  const auto feed = [&](DatagramKind kind, std::size_t length = 100, std::uint64_t nowMs = 0) {
    return side.receive(kind, room, length, alice, nowMs);
  };
  expect(feed(DatagramKind::dtls).dropped == DropReason::dtls &&
         !feed(DatagramKind::dtls).isReported);
  expect(feed(DatagramKind::stun).dropped == DropReason::stun);
  expect(feed(DatagramKind::turnChannel).dropped == DropReason::turnChannel);
  expect(feed(DatagramKind::unknown).dropped == DropReason::malformed);
  expect(feed(DatagramKind::zrtp).isReported && !feed(DatagramKind::zrtp).isReported);

  side.configure(nullptr, true);
  expect(feed(DatagramKind::dtls, 2049).dropped == DropReason::dtls);
  int reported = 0;
  for (int i = 0; i < 100; ++i) reported += feed(DatagramKind::dtls).isReported ? 1 : 0;
  expect(reported == 20);
  const SideOutcome later = feed(DatagramKind::dtls, 2048, 1000);
  expect(later.isReported && !later.dropped);
});

}  // namespace

}  // namespace sallyport::media
