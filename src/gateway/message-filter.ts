import type {
	AuthorizeBridge,
	BridgeTicket,
	Denial,
	EndCall,
	FilterInbound,
	FilterOutbound,
	MintKey,
	Outbound,
	OwnKeyHandle,
	Release,
} from '../trusted/toolbox/protocol.js';

/**
 * The toolbox as calls see it: every message passes through it, in both directions. `ToolboxClient` is the real one.
 * Each method rejects with a `SallyportError` where the request itself was refused or the toolbox is gone.
 */
export type MessageFilter = {
	filterInbound(request: Omit<FilterInbound, 'kind'>): Promise<Release | Denial>;
	filterOutbound(request: Omit<FilterOutbound, 'kind'>): Promise<Outbound | Denial>;
	mintKey(request: Omit<MintKey, 'kind'>): Promise<OwnKeyHandle>;
	endCall(request: Omit<EndCall, 'kind'>): Promise<void>;
};

/** What a call that joins two legs needs besides. */
export type BridgeAuthority = {
	authorizeBridge(request: Omit<AuthorizeBridge, 'kind'>): Promise<BridgeTicket>;
};
