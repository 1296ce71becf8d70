import type { CampaignSpec } from '@nss/contracts';
import type { NetworkSpace } from '@nss/space';

/** Which of a campaign's Elite Spaces; what is left out need not be chosen. */
export type EliteChoice = { readonly targetMultiplyAdds: number | undefined; readonly seed: number | undefined };

/** Where the space comes from that architectures are drawn from. */
export type SpaceSource =
  | { readonly kind: 'space'; readonly space: NetworkSpace }
  | { readonly kind: 'search'; readonly searchId: string }
  | { readonly kind: 'campaign'; readonly campaignId: string; readonly choice: EliteChoice }
  /** A campaign of the experiment's own, with one Elite Space, started when it is not there. */
  | { readonly kind: 'own-campaign'; readonly campaignId: string; readonly spec: CampaignSpec };
