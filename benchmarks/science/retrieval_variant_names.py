"""What differs in each variant of the ablations, in the order of the table."""

NAMES: dict[str, str] = {
    "reference": "nothing: the preset with this budget",
    "profile": "whole profile from 3° to 30° in place of peaks",
    "temperature_1": "temperature fixed at 1.0, no normalisation (Xrd2Mof's)",
    "temperature_1_unit": "temperature fixed at 1.0, unit vectors",
    "no_corruption": "trained on ideal patterns alone",
    "no_new_crystals": "no crystals that nobody made",
    "no_confusions": "batches drawn by chance, no twins of another metal",
    "no_elements": "never told the elements",
    "batch_quarter": "a quarter of the batch, as many pairs",
    "batch_double": "twice the batch, as many pairs",
    "frameworks_1000": "1 000 training frameworks",
    "frameworks_3000": "3 000 training frameworks",
    "frameworks_10000": "10 000 training frameworks",
}
