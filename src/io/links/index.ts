/** Links between the processes of the three domains. */
export {type LinkBreach, SocketLink, type SocketLinkOptions} from './socket-link.js';
