#include "media/silence-watch.h"

#include "test/relay-fixture.h"
#include "test/story.h"

namespace sallyport::media {

namespace {

using test::expect;
using test::Story;

const Story once("a silence is told once, and again when packets came and ceased", [] {
  SilenceWatch watch;
  watch.setTimeout(3000);
  expect(!watch.isDue(1000, true) && !watch.isDue(3999, true));
  expect(watch.isDue(4000, true) && !watch.isDue(5000, true) && !watch.isDue(50'000, true));
  watch.onPacket(50'500);
  expect(!watch.isDue(53'000, true) && watch.isDue(54'000, true) && !watch.isDue(55'000, true));
});

const Story holds("time stands still while nothing is expected", [] {
  SilenceWatch watch;
  watch.setTimeout(3000);
  watch.onPacket(1000);
  expect(!watch.isDue(10'000, false) && !watch.isDue(11'000, true) && !watch.isDue(13'000, true));
  expect(watch.isDue(14'000, true));
  SilenceWatch off;
  expect(!off.isDue(0, true) && !off.isDue(1'000'000, true));
});

/// Kinds raised so far.
std::vector<RelayEvent> eventsOf(Relay& relay) {
  std::vector<RelayEvent> events;
  while (const auto event = relay.takeEvent()) events.push_back(*event);
  return events;
}

const Story relayTells(
    "a relay tells which leg fell silent, RTP and RTCP apart, and not in a hold", [] {
      const TransportAddress alice = at("192.0.2.1", 4000);
      Relay relay;
      const auto watched = [&](Direction direction) {
        LegConfiguration configuration = clearLeg(alice);
        configuration.direction = direction;
        configuration.monitoring = {.clocks = {}, .rtpTimeoutMs = 2000, .rtcpTimeoutMs = 5000};
        return configuration;
      };
      expect(!relay.configure(0, watched(Direction::sendrecv)));
      expect(!relay.configure(1, clearLeg(at("192.0.2.2", 5000))));
      Bytes packet = rtpPacket(1);
      expect(relay.receive({.leg = 0, .room = packet, .length = packet.size(), .from = alice}, 1000)
                 .has_value());
      (void)eventsOf(relay);
      relay.onTick(2000);
      expect(eventsOf(relay).empty());
      relay.onTick(3000);
      auto events = eventsOf(relay);
      expect(events.size() == 1 && events[0].kind == RelayEvent::Kind::rtpTimeout &&
             events[0].leg == 0);

      expect(!relay.configure(0, watched(Direction::inactive)));
      for (std::uint64_t nowMs = 4000; nowMs <= 20'000; nowMs += 1000) relay.onTick(nowMs);
      events = eventsOf(relay);
      expect(events.size() == 1 && events[0].kind == RelayEvent::Kind::rtcpTimeout);
    });

}  // namespace

}  // namespace sallyport::media
