import { messageOf } from '../errors/hawser-error.ts';
import type { KubeEvent } from '../kube/to-event-object.ts';
import { formatDuration } from '../model/duration.ts';
import { type Receiver, receiverIntervalOf } from '../model/receiver.ts';
import { isStalledBy, type ReceiverReading } from './receiver-status.ts';

/** What is told of a Receiver whose status has changed, in Flux's words; of a suspended one nothing. Pure. */
export function toReceiverEvent(receiver: Receiver, reading: ReceiverReading): KubeEvent | undefined {
  if (receiver.spec.suspend) return undefined;
  if (reading.kind === 'ready') {
    const message = `Reconciliation finished, next run in ${formatDuration(receiverIntervalOf(receiver))}`;
    return { regarding: receiver, type: 'Normal', reason: 'Succeeded', message };
  }
  const reason = isStalledBy(reading.error) ? reading.error.reason : 'Failed';
  return { regarding: receiver, type: 'Warning', reason, message: messageOf(reading.error) };
}
