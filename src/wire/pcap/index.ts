/**
 * Captures as octets: UDP datagrams out of classic pcap files, no state.
 */
export * from './pcap-file.js';
export type {Endpoint, UdpDatagram} from './udp-datagram.js';
export {writePcap} from './write-pcap.js';
