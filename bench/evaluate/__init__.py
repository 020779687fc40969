"""`make evaluate`: decision quality on the Complete Journey households, against what else there is.

Read in this order: `source` and `zones` read the data, `folds` cuts it into a past and decisions, `marks` says what a
good ranking is, `methods` what a method is, and `run` lets one rank and takes its marks and times. `baselines` and
`tifu` are what ours is compared with. Ours: `pairs` and `formula` are the default; `habits`, `promotions`, `knowledge`,
`columns`, `network` and `learnt` are the learnt ranking. `lineup` lists them all, `report` prints. docs/evaluation.md
holds the last results.
"""
