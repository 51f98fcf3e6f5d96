// What is fetched ahead of a packet, and that fetching it changes nothing.
#include "srtp/hot-lines.h"

#include "srtp/crypto-context.h"
#include "test/relay-fixture.h"
#include "test/story.h"

namespace sallyport::srtp {

namespace {

using test::expect;
using test::Story;

const Story counts("hot lines are counted by the line, up to their capacity", [] {
  alignas(64) static const std::array<std::uint8_t, 4096> memory{};
  HotLines lines;
  expect(lines.isEmpty());
  lines.add(&memory[10], 60);
  expect(lines.size() == 2);
  lines.add(&memory[0], 0);
  expect(lines.size() == 2);
  lines.add(memory.data(), memory.size());
  expect(lines.size() == 24);
  lines.prefetch();
  lines.clear();
  expect(lines.isEmpty());
});

const Story learns("a context learns its hot lines with the first packet of a source", [] {
  for (const Suite suite : {Suite::aesCm128HmacSha1Tag80, Suite::aeadAes256Gcm}) {
    SessionOptions options;
    options.keys.push_back(
        {std::make_shared<const MasterKey>(MasterKey::generate(suite).value()), {}});
    const auto context = CryptoContext::create(Direction::inbound, options).value();
    expect(context->hotLines().isEmpty());
    // Nothing of it came yet: libsrtp has no stream, and what is ours is all there is.
    Source& source = context->addSource(7);
    context->onRtp(source);
    const std::size_t ours = context->hotLines().size();
    expect(!context->setRolloverCounter(8, 0));
    context->onRtp(*context->findSource(8));
    expect(context->hotLines().size() > ours + 8);
  }
});

const Story isHarmless("a relay fetches ahead before, while and after it is configured", [] {
  media::Relay relay;
  const auto fetchAll = [&] {
    for (std::size_t step = 0; step <= media::Leg::kPrefetchSteps; ++step) {
      relay.prefetch(0, step);
      relay.prefetch(1, step);
    }
  };
  fetchAll();
  const auto suite = Suite::aesCm128HmacSha1Tag80;
  const auto alice = media::at("127.0.0.1", 4000);
  const auto bob = media::at("127.0.0.1", 4002);
  expect(!relay.configure(0, media::sealedLeg(alice, suite, 211, 212)));
  fetchAll();
  expect(!relay.configure(1, media::sealedLeg(bob, suite, 213, 214)));
  fetchAll();

  const auto sender = media::outboundSession(suite, 211);
  for (std::uint16_t sequenceNumber = 1; sequenceNumber < 4; ++sequenceNumber) {
    auto packet = media::rtpPacket(sequenceNumber);
    const std::size_t length = packet.size();
    packet.resize(length + kMaxTrailerOctets);
    const auto sealed = sender->protectRtp(packet, length);
    expect(sealed.ok());
    const auto departure = relay.receive({.leg = 0,
                                          .channel = media::Channel::rtp,
                                          .room = packet,
                                          .length = sealed.value(),
                                          .from = alice},
                                         0);
    expect(departure && departure->leg == 1 && departure->to == bob);
    fetchAll();
  }
  expect(relay.statistics(0).receivedPackets == 3);
});

}  // namespace

}  // namespace sallyport::srtp
