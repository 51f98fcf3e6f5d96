import type {MessageOrigin} from '../trusted/toolbox/protocol.js';
import type {ToolboxClient} from '../trusted/toolbox/toolbox-client.js';

/**
 * The toolbox as calls see it: every message passes through it, in both directions. `ToolboxClient` is the real one.
 * Each method rejects with a `SallyportError` where the request itself was refused or the toolbox is gone.
 */
export type MessageFilter = Pick<ToolboxClient, 'filterInbound' | 'filterOutbound' | 'mintKeys' | 'endCall'>;

/** What a call that joins two legs needs besides. */
export type BridgeAuthority = Pick<ToolboxClient, 'authorizeBridge'>;

/** What the toolbox is told of where a message came from: of a source or a target these three, and nothing else. */
export function originOf({transport, address, port}: MessageOrigin): MessageOrigin {
	return {transport, address, port};
}
