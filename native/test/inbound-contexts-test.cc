// A peer's key changes while packets flow: none is lost, none is opened twice.
#include "srtp/inbound-contexts.h"

#include <array>
#include <optional>
#include <vector>

#include "test/open-rtp.h"
#include "test/relay-fixture.h"
#include "test/story.h"

namespace sallyport::srtp {

namespace {

using media::Bytes;
using media::rtcpPacket;
using media::rtpPacket;
using test::expect;
using test::Story;

constexpr std::array kBothKinds{Suite::aesCm128HmacSha1Tag80, Suite::aesCm256HmacSha1Tag32,
                                Suite::aeadAes128Gcm, Suite::aeadAes256Gcm};
constexpr InboundRules kKeep{};
constexpr InboundRules kReset{.rollover = RolloverRule::reset};

SessionOptions optionsOf(Suite suite, std::uint8_t first, bool hasMki) {
  SessionOptions options = media::sessionOptions(suite, first);
  if (hasMki) options.keys[0].mki = {first};
  return options;
}

/// A sender and the contexts of its peer, under one key after the other.
class Conversation {
 public:
  Conversation(Suite suite, bool hasMki)
      : suite_(suite), hasMki_(hasMki), contexts_(SrtpInbound::create(options(1)).value(), {}) {
    senders_.push_back(SrtpOutbound::create(options(1)).value());
  }

  /// The sender goes on with its indices, or begins anew.
  void rekey(const InboundRules& rules = kKeep, std::uint8_t firstOctet = 0) {
    const auto first =
        firstOctet == 0 ? static_cast<std::uint8_t>(1 + 50 * senders_.size()) : firstOctet;
    senders_.push_back(SrtpOutbound::create(options(first)).value());
    if (rules.rollover == RolloverRule::keep) {
      senders_.back()->adoptIndices(*senders_[senders_.size() - 2]);
    }
    contexts_.rekey(SrtpInbound::create(options(first)).value(), rules);
  }

  Bytes seal(std::size_t key, std::uint32_t index) {
    return media::sealRtp(*senders_[key], rtpPacket(static_cast<std::uint16_t>(index)));
  }

  /// As `openRtp` says.
  std::optional<UnprotectFailure> open(Bytes sealed, std::uint64_t nowMs = 0) {
    return media::openRtp(contexts_, std::move(sealed), nowMs);
  }

  bool carries(std::size_t key, std::uint32_t index, std::uint64_t nowMs = 0) {
    return !open(seal(key, index), nowMs);
  }

  InboundContexts& contexts() { return contexts_; }
  SrtpOutbound& sender(std::size_t key) { return *senders_[key]; }

 private:
  SessionOptions options(std::uint8_t first) const { return optionsOf(suite_, first, hasMki_); }

  Suite suite_;
  bool hasMki_;
  std::vector<std::unique_ptr<SrtpOutbound>> senders_;
  InboundContexts contexts_;
};

template <typename Tell>
void withEveryKind(Tell tell) {
  for (const Suite suite : kBothKinds) {
    for (const bool hasMki : {false, true}) {
      Conversation conversation(suite, hasMki);
      tell(conversation);
    }
  }
}

const Story inFlight("packets under both keys pass in any order, over a rollover too", [] {
  withEveryKind([](Conversation& conversation) {
    constexpr std::uint32_t first = 65536 - 30;
    for (std::uint32_t i = 0; i < 10; ++i) expect(conversation.carries(0, first + i));
    // What the old key sealed before the re-key comes late, every other packet behind the new one.
    std::vector<Bytes> late;
    for (std::uint32_t i = 10; i < 20; ++i) late.push_back(conversation.seal(0, first + i));
    conversation.rekey();
    for (std::uint32_t i = 20; i < 60; i += 2) {
      expect(conversation.carries(1, first + i));
      if (i < 40) expect(!conversation.open(late[(i - 20) / 2]));
      expect(conversation.carries(1, first + i + 1));
    }
    expect(conversation.contexts().isInTransition());
  });
});

const Story newFirst("the new key may come before anything else, and the old one after it", [] {
  withEveryKind([](Conversation& conversation) {
    const Bytes late = conversation.seal(0, 7);
    conversation.rekey();
    expect(conversation.carries(1, 8));
    expect(!conversation.open(late));
    expect(conversation.open(late) == UnprotectFailure::replayed);
  });
});

const Story keepsRollover("the rollover counter goes on under the new key", [] {
  withEveryKind([](Conversation& conversation) {
    for (std::uint32_t index = 65000; index < 3 * 65536; index += 20000) {
      expect(conversation.carries(0, index));
    }
    conversation.rekey();
    expect(conversation.sender(1).rolloverCounter(0x55555555) == 2U);
    expect(conversation.carries(1, 3 * 65536 - 1) && conversation.carries(1, 3 * 65536));
  });
});

const Story resetsRollover("where the rules say so the rollover counter starts again at 0", [] {
  withEveryKind([](Conversation& conversation) {
    for (std::uint32_t index = 65000; index < 2 * 65536; index += 20000) {
      expect(conversation.carries(0, index));
    }
    const Bytes late = conversation.seal(0, 2 * 65536 + 1);
    conversation.rekey(kReset);
    expect(conversation.carries(1, 2));
    expect(!conversation.open(late));
    expect(conversation.open(late) == UnprotectFailure::replayed);
    expect(conversation.carries(1, 3) && conversation.carries(1, 65000));
  });
});

const Story noReset("a sender that resets its counter against the rules is not heard", [] {
  Conversation conversation(Suite::aesCm128HmacSha1Tag80, false);
  for (std::uint32_t index = 65000; index < 2 * 65536; index += 20000) {
    expect(conversation.carries(0, index));
  }
  conversation.rekey(kKeep);
  const auto restarted = SrtpOutbound::create(optionsOf(Suite::aesCm128HmacSha1Tag80, 51, false));
  expect(conversation.open(media::sealRtp(*restarted.value(), rtpPacket(60'000))) ==
         UnprotectFailure::badTag);
});

const Story refusesReplays("what was opened before the re-key is a replay after it", [] {
  withEveryKind([](Conversation& conversation) {
    const Bytes recorded = conversation.seal(0, 1);
    expect(!conversation.open(recorded));
    conversation.rekey();
    expect(conversation.open(recorded) == UnprotectFailure::replayed);
    expect(conversation.carries(1, 2));
    expect(conversation.open(recorded) == UnprotectFailure::replayed);
    expect(conversation.open(conversation.seal(0, 2)) == UnprotectFailure::replayed);
  });
});

const Story endsWithoutMki("without MKI the old key goes 500 ms after the first new packet", [] {
  Conversation conversation(Suite::aeadAes128Gcm, false);
  expect(conversation.carries(0, 1, 1000));
  conversation.rekey();
  expect(conversation.carries(0, 2, 60'000));
  expect(conversation.carries(1, 3, 70'000));
  expect(conversation.carries(0, 4, 70'499));
  expect(conversation.open(conversation.seal(0, 5), 70'500) == UnprotectFailure::badTag);
  expect(!conversation.contexts().isInTransition());
  expect(conversation.carries(1, 6, 70'501));
});

const Story endsWithMki("with MKI the old key goes after its grace, whatever comes", [] {
  Conversation conversation(Suite::aesCm128HmacSha1Tag80, true);
  expect(conversation.carries(0, 1, 1000));
  conversation.rekey({.rollover = RolloverRule::keep, .graceMs = 2000});
  expect(conversation.carries(1, 2, 2000) && conversation.carries(0, 3, 3999));
  expect(conversation.open(conversation.seal(0, 4), 4000) == UnprotectFailure::unknownMki);
  conversation.rekey();
  conversation.contexts().onTick(5000);
  expect(conversation.contexts().isInTransition());
  conversation.contexts().onTick(10'000);
  expect(!conversation.contexts().isInTransition());
});

const Story unused("a new key that no packet came under does not push out the one in use", [] {
  withEveryKind([](Conversation& conversation) {
    expect(conversation.carries(0, 1));
    conversation.rekey();
    conversation.rekey();
    expect(conversation.carries(0, 2) && conversation.carries(2, 3));
    expect(conversation.open(conversation.seal(1, 4)).has_value());
  });
});

const Story sameKey("a key that is installed again keeps its replay list, whatever the rules", [] {
  withEveryKind([](Conversation& conversation) {
    for (const std::uint32_t index : {40'000U, 65'535U, 85'536U, 105'536U, 2U * 65'536U}) {
      expect(conversation.carries(0, index));
    }
    const Bytes recorded = conversation.seal(0, 2 * 65536 + 1);
    Bytes control = rtcpPacket();
    control.resize(control.size() + kMaxTrailerOctets);
    control.resize(conversation.sender(0).protectRtcp(control, rtcpPacket().size()).value());
    Bytes controlAgain = control;
    expect(!conversation.open(recorded) && conversation.contexts().unprotectRtcp(control, 0).ok());
    conversation.contexts().rekey(
        SrtpInbound::create(optionsOf(Suite::aesCm128HmacSha1Tag80, 99, false)).value(), kReset);
    conversation.rekey(kReset, 1);
    expect(conversation.open(recorded) == UnprotectFailure::replayed);
    const auto replayed = conversation.contexts().unprotectRtcp(controlAgain, 0);
    expect(!replayed && replayed.failure() == UnprotectFailure::replayed);
    expect(conversation.carries(0, 2 * 65536 + 2));
  });
});

const Story control("SRTCP passes under both keys, and from an index of the sender's choice", [] {
  withEveryKind([](Conversation& conversation) {
    const auto seal = [&](std::size_t key) {
      Bytes packet = rtcpPacket();
      packet.resize(packet.size() + kMaxTrailerOctets);
      packet.resize(conversation.sender(key).protectRtcp(packet, rtcpPacket().size()).value());
      return packet;
    };
    const auto opens = [&](Bytes packet) {
      const auto opened = conversation.contexts().unprotectRtcp(packet, 0);
      if (!opened) return false;
      packet.resize(opened.value());
      return packet == rtcpPacket();
    };
    for (int i = 0; i < 200; ++i) expect(opens(seal(0)));
    const Bytes late = seal(0);
    conversation.rekey(kReset);
    expect(opens(seal(1)) && opens(late) && !opens(late) && opens(seal(1)));
  });
});

const Story outboundGoesOn("what we send goes on with its indices under a new key", [] {
  const Suite suite = Suite::aesCm128HmacSha1Tag80;
  const auto before = SrtpOutbound::create(optionsOf(suite, 1, false)).value();
  for (const std::uint32_t index : {65'500U, 65'536U + 10U}) {
    media::sealRtp(*before, rtpPacket(static_cast<std::uint16_t>(index)));
  }
  const auto after = SrtpOutbound::create(optionsOf(suite, 2, false)).value();
  after->adoptIndices(*before);
  expect(after->rolloverCounter(0x55555555) == 1U);
  // A packet from before the last rollover keeps its own counter, as do those after it.
  Bytes late = media::sealRtp(*after, rtpPacket(65'530));
  Bytes next = media::sealRtp(*after, rtpPacket(11));
  const auto peer = SrtpInbound::create(optionsOf(suite, 2, false)).value();
  expect(peer->unprotectRtp(late).ok() && peer->unprotectRtp(next).ok());
  expect(peer->rolloverCounter(0x55555555) == 1U);
});

const Story otherSuite("the new key may have another suite, and the old one still passes", [] {
  const auto old = SrtpOutbound::create(optionsOf(Suite::aesCm128HmacSha1Tag32, 1, false)).value();
  const auto fresh = SrtpOutbound::create(optionsOf(Suite::aeadAes256Gcm, 2, true)).value();
  InboundContexts contexts(
      SrtpInbound::create(optionsOf(Suite::aesCm128HmacSha1Tag32, 1, false)).value(), {});
  contexts.rekey(SrtpInbound::create(optionsOf(Suite::aeadAes256Gcm, 2, true)).value(), kKeep);
  for (std::uint16_t i = 0; i < 20; ++i) {
    SrtpOutbound& sender = i % 3 == 0 ? *fresh : *old;
    Bytes sealed = media::sealRtp(sender, rtpPacket(i));
    const auto opened = contexts.unprotectRtp(sealed, 0);
    expect(opened.ok());
    sealed.resize(opened.value());
    expect(sealed == rtpPacket(i));
  }
});

}  // namespace

}  // namespace sallyport::srtp
