import type {z} from 'zod';
import type {Clock} from '../../../base/clock.js';
import type {Result} from '../../../base/result.js';
import type {CertificateValidator} from '../../certificates/certificate-validator.js';
import type {CmsProvider} from '../../smime/cms-provider.js';
import type {AlertLog} from '../alerts/alert-log.js';
import type {CallTable} from '../calls/call-table.js';
import type {Leg} from '../calls/leg.js';
import type {Ledger} from '../ledger/ledger.js';
import type {OriginMonitor} from '../origin/origin-monitor.js';
import type {Policy} from '../policy/policy.js';
import type {MessageOrigin} from '../protocol.js';
import type {PortType, PortTypes} from './port-types.js';
import type {Reason} from './reasons.js';

/** What a tool did that the rules of templates speak about. */
export type ToolEffect = 'opens' | 'verifies' | 'checks' | 'claims' | 'mints' | 'signs' | 'encrypts' | 'none';

/** Databases, keys and clocks: what the trusted domain has. */
export type ToolServices = {
	readonly policy: Policy;
	readonly cms: CmsProvider;
	readonly validator: CertificateValidator;
	readonly ledger: Ledger;
	readonly origins: OriginMonitor;
	readonly alerts: AlertLog;
	readonly calls: CallTable;
	readonly clock: Clock;
	/** Fingerprints of our own certificates; the first one's key signs. */
	readonly ownCertificates: readonly string[];
	readonly freshness: {readonly maxAgeSeconds: number; readonly maxFutureSeconds: number};
};

/** The message that a run is about. */
export type ToolContext = ToolServices & {
	readonly nowMs: number;
	readonly call: string;
	readonly leg: Leg;
	readonly role: 'offer' | 'answer' | 'none';
	/** Absent for what leaves. */
	readonly origin: MessageOrigin | undefined;
	/** Overwrites octets when the run has ended, however it ends. */
	readonly wipeLater: (octets: Uint8Array) => void;
};

export type ToolRefusal = {readonly reason: Reason; readonly detail: string};

export type Ports = Readonly<Record<string, PortType>>;
export type PortValues<Declared extends Ports> = {readonly [Name in keyof Declared]: PortTypes[Declared[Name]]};

export type Tool<In extends Ports = Ports, Out extends Ports = Ports, Parameters extends z.ZodType = z.ZodType> = {
	readonly name: string;
	readonly version: number;
	readonly effect: ToolEffect;
	readonly inputs: In;
	readonly outputs: Out;
	readonly parameters: Parameters;
	/** Says what it found or why not. A throw is a bug, and a denial. */
	readonly run: (
		inputs: PortValues<In>,
		context: ToolContext,
		parameters: z.infer<Parameters>,
	) => Promise<Result<PortValues<Out>, ToolRefusal>> | Result<PortValues<Out>, ToolRefusal>;
};

/** A tool whose ports are forgotten by the type system: the engine checks them when a template is loaded. */
export type AnyTool = Omit<Tool, 'run'> & {
	readonly run: (
		inputs: Readonly<Record<string, unknown>>,
		context: ToolContext,
		parameters: unknown,
	) => Promise<Result<Readonly<Record<string, unknown>>, ToolRefusal>>;
};

/** Declares a tool. */
export function defineTool<const In extends Ports, const Out extends Ports, Parameters extends z.ZodType>(
	tool: Tool<In, Out, Parameters>,
): AnyTool {
	return {
		...tool,
		run: async (inputs, context, parameters) =>
			tool.run(inputs as PortValues<In>, context, parameters as z.infer<Parameters>),
	};
}

/** A refusal as a result. */
export function refuse(reason: Reason, detail: string): {readonly ok: false; readonly failure: ToolRefusal} {
	return {ok: false, failure: {reason, detail}};
}
