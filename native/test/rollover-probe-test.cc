// A stream that is joined late, or was lost for long, is found by its packets' tags.
#include "srtp/rollover-probe.h"

#include <array>
#include <optional>

#include "srtp/inbound-contexts.h"
#include "test/allocation-count.h"
#include "test/open-rtp.h"
#include "test/relay-fixture.h"
#include "test/story.h"

namespace sallyport::srtp {

namespace {

using media::Bytes;
using media::rtpPacket;
using test::expect;
using test::Story;

constexpr std::uint32_t kSsrc = 0x55555555;
constexpr std::uint32_t kMaxRollovers = 4;

/// A peer whose stream is under way, and we.
class LateJoin {
 public:
  explicit LateJoin(Suite suite, std::uint32_t maxRollovers = kMaxRollovers)
      : sender_(media::outboundSession(suite, 1)),
        contexts_(media::inboundSession(suite, 1), {.lateJoinRollovers = maxRollovers}) {}

  void setSender(std::uint32_t rolloverCounter) {
    expect(!sender_->setRolloverCounter(kSsrc, rolloverCounter));
  }

  Bytes seal(std::uint32_t index) {
    return media::sealRtp(*sender_, rtpPacket(static_cast<std::uint16_t>(index)));
  }

  /// As `openRtp` says.
  std::optional<UnprotectFailure> open(Bytes sealed, std::uint64_t nowMs = 0) {
    return media::openRtp(contexts_, std::move(sealed), nowMs);
  }

  bool refuses(const Bytes& sealed, std::uint64_t nowMs = 0) {
    return open(sealed, nowMs) == UnprotectFailure::badTag;
  }

  InboundContexts& contexts() { return contexts_; }

 private:
  std::unique_ptr<SrtpOutbound> sender_;
  InboundContexts contexts_;
};

template <typename Tell>
void withEverySuite(Tell tell) {
  for (const SuiteTraits& suite : kSuites) tell(suite.suite);
}

Bytes forged(Bytes sealed) {
  sealed.back() ^= 1;
  return sealed;
}

const Story joins("a stream is joined late when two packets agree, and the first is not passed",
                  [] {
                    withEverySuite([](Suite suite) {
                      LateJoin call(suite);
                      call.setSender(3);
                      expect(call.refuses(call.seal(100)));
                      expect(!call.open(call.seal(101)));
                      for (std::uint32_t index = 102; index < 100'000; index += 15'000) {
                        expect(!call.open(call.seal(index)));
                      }
                    });
                  });

const Story rejoins("a stream that was lost for more than a rollover is found again, upward", [] {
  withEverySuite([](Suite suite) {
    LateJoin call(suite);
    const Bytes recorded = call.seal(40'000);
    expect(!call.open(call.seal(40'001)));
    call.setSender(2);
    const std::array late{call.seal(50'000), call.seal(50'001), call.seal(50'002)};
    expect(call.refuses(late[0]) && !call.open(late[1]) && !call.open(late[2]));
    // Below what was accepted nothing is tried: what was recorded stays outside.
    expect(call.open(recorded).has_value() && call.open(recorded).has_value());
    expect(!call.open(call.seal(50'003)));
  });
});

const Story neverDown(
    "packets below the highest index are not taken for the start of a stream", [] {
      LateJoin call(Suite::aesCm128HmacSha1Tag80);
      const std::array recorded{call.seal(60'000), call.seal(60'001), call.seal(60'002)};
      call.setSender(1);
      expect(call.refuses(call.seal(50'000)));
      expect(!call.open(call.seal(50'001)));
      for (int round = 0; round < 3; ++round) {
        for (const Bytes& packet : recorded) expect(call.open(packet).has_value());
      }
      expect(!call.open(call.seal(50'002)));
    });

const Story agrees("the same packet twice does not agree with itself, nor with junk between", [] {
  LateJoin call(Suite::aesCm128HmacSha1Tag32);
  call.setSender(2);
  const Bytes first = call.seal(7);
  expect(call.refuses(first) && call.refuses(first) && call.refuses(first));
  expect(call.refuses(forged(call.seal(8))));
  expect(call.refuses(call.seal(9)));
  expect(!call.open(call.seal(10)));
});

const Story limits("counters beyond the limit are not found, and without leave none is", [] {
  for (const auto& [limit, counter, isFound] :
       {std::tuple{4U, 4U, true}, {4U, 5U, false}, {0U, 1U, false}}) {
    LateJoin call(Suite::aeadAes128Gcm, limit);
    call.setSender(counter);
    expect(call.refuses(call.seal(1)));
    expect(call.open(call.seal(2)).has_value() == !isFound);
  }
});

const Story flood("a flood uses up the tries of its second and no more, and allocates nothing", [] {
  LateJoin call(Suite::aesCm128HmacSha1Tag80);
  call.setSender(1);
  const Bytes junk = forged(call.seal(1));
  expect(call.refuses(junk));
  const std::uint64_t before = test::allocationsOfThisThread();
  Bytes room = junk;
  const std::uint64_t allocatedForRoom = test::allocationsOfThisThread() - before;
  for (int i = 0; i < 1000; ++i) {
    std::ranges::copy(junk, room.begin());
    expect(!call.contexts().unprotectRtp(room, 500).ok());
  }
  expect(test::allocationsOfThisThread() - before == allocatedForRoom);
  expect(call.refuses(call.seal(2), 900) && call.refuses(call.seal(3), 999));
  expect(call.refuses(call.seal(4), 1600) && !call.open(call.seal(5), 1600));
});

const Story whileRekeying("a late stream is found under a new key too, beside the old one", [] {
  withEverySuite([](Suite suite) {
    LateJoin call(suite);
    expect(!call.open(call.seal(1)));
    call.contexts().rekey(media::inboundSession(suite, 70), {.lateJoinRollovers = kMaxRollovers});
    const auto fresh = media::outboundSession(suite, 70);
    expect(!fresh->setRolloverCounter(kSsrc, 3));
    expect(call.refuses(media::sealRtp(*fresh, rtpPacket(2))));
    expect(!call.open(call.seal(2)));
    // The packet of the old key between them speaks for neither.
    expect(!call.open(media::sealRtp(*fresh, rtpPacket(3))));
    expect(!call.open(media::sealRtp(*fresh, rtpPacket(4))));
  });
});

}  // namespace

}  // namespace sallyport::srtp
